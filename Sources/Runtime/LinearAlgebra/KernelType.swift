import CKernels

/// What of a processor decides about the kernels of OpenBLAS.
package struct ProcessorFeatures: OptionSet, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let avx2 = Self(RV_HAS_AVX2)
  package static let avx512 = Self(RV_HAS_AVX512)
  package static let avx512BFloat16 = Self(RV_HAS_AVX512_BF16)
  package static let amd = Self(RV_IS_AMD)
  package static let neonDot = Self(RV_HAS_NEON_DOT)

  private init(_ flag: rv_processor) { self.init(rawValue: UInt32(flag.rawValue)) }

  package static var ofThisProcessor: Self { Self(rawValue: rv_processor_features()) }
}

/// The families of kernels in OpenBLAS, by its names for them.
package enum KernelType {
  /// What OpenBLAS takes for a processor that it does not know, and what is as slow on newer ones.
  private static let generic: Set<String> = [
    "generic", "unknown", "katmai", "coppermine", "northwood", "prescott", "banias", "core2",
    "penryn", "dunnington", "nehalem", "atom", "nano", "athlon", "opteron", "opteron_sse3",
    "barcelona", "bobcat", "sandybridge", "armv8",
  ]

  /// Values of OPENBLAS_CORETYPE to try in turn where the library took `reported` by itself: none
  /// where it knows the processor, or where the processor has nothing better.
  package static func better(than reported: String, on features: ProcessorFeatures) -> [String] {
    guard isGeneric(reported) else { return [] }
    var types: [String] = []
    if features.isSuperset(of: [.avx512, .avx512BFloat16]) { types.append("Cooperlake") }
    if features.contains(.avx512) { types.append("SkylakeX") }
    if features.contains(.avx2) { types.append(features.contains(.amd) ? "Zen" : "Haswell") }
    if features.contains(.neonDot) { types.append("NeoverseN1") }
    return types
  }

  package static func isGeneric(_ name: String) -> Bool { generic.contains(name.lowercased()) }
}
