import Testing

@testable import Runtime

/// The choice of a library is a function of what is there, what the processor can and what the user wants.
@Suite struct MatrixLibraryTests {
  /// A machine with these libraries; the choice is what the chooser asks of it.
  private final class Machine {
    /// What each name gives; OpenBLAS by the kernels that it takes under a value of OPENBLAS_CORETYPE.
    var libraries: [String: (_ kernelType: String?) -> LoadOutcome]
    var asked: [String] = []

    init(_ libraries: [String: (String?) -> LoadOutcome]) { self.libraries = libraries }

    func choose(
      _ features: ProcessorFeatures = [], preference: String? = nil, kernelType: String? = nil
    ) -> MatrixLibrary {
      var chooser = LibraryChooser()
      chooser.features = features
      chooser.loadProducts = { name, type in
        self.asked.append(type.map { "\(name) \($0)" } ?? name)
        return self.libraries[name]?(type) ?? .absent
      }
      chooser.loadDecompositions = { name in self.libraries[name]?(nil) ?? .absent }
      return chooser.choose(preference: preference, kernelType: kernelType)
    }
  }

  private static func library(_ name: String, kernels: String = "") -> LoadOutcome {
    .loaded(LoadedLibrary(name: name, path: "/lib/\(name)", kernels: kernels))
  }

  private static let mkl = "libmkl_rt.so.2"
  private static let openBLAS = "libopenblas.so.0"

  /// OpenBLAS that takes `known` where it is not told, and has the kernels `has`.
  private static func openBLAS(
    known: String, has: Set<String> = ["Zen", "Haswell", "SkylakeX", "Cooperlake", "NeoverseN1"]
  ) -> Machine {
    Machine([
      openBLAS: { type in
        library(openBLAS, kernels: type.map { has.contains($0) ? $0 : known } ?? known)
      }
    ])
  }

  @Test func theOrderIsFixed() {
    let machine = Machine([
      Self.mkl: { _ in Self.library(Self.mkl) },
      Self.openBLAS: { _ in Self.library(Self.openBLAS, kernels: "Zen") },
      "libblas.so.3": { _ in Self.library("libblas.so.3") },
    ])
    #expect(machine.choose().products?.name == Self.mkl)
    machine.libraries[Self.mkl] = nil
    #expect(machine.choose().products?.name == Self.openBLAS)
    machine.libraries[Self.openBLAS] = nil
    let last = machine.choose()
    #expect(last.products?.name == "libblas.so.3")
    #expect(last.notices.isEmpty)
  }

  @Test func aWordAPathAndANameAreTriedFirst() {
    let machine = Machine([
      Self.mkl: { _ in Self.library(Self.mkl) },
      Self.openBLAS: { _ in Self.library(Self.openBLAS, kernels: "Zen") },
      "/opt/own.so": { _ in Self.library("/opt/own.so") },
    ])
    #expect(machine.choose(preference: "openblas").products?.name == Self.openBLAS)
    #expect(machine.choose(preference: "/opt/own.so").products?.name == "/opt/own.so")
    let absent = machine.choose(preference: "/opt/other.so")
    #expect(absent.products?.name == Self.mkl)
    #expect(absent.notices == ["RAVINE_BLAS: there is no /opt/other.so"])
    machine.asked = []
    let none = machine.choose(preference: "none")
    #expect(none.products == nil && none.decompositions == nil && none.notices.isEmpty)
    #expect(machine.asked.isEmpty)
  }

  @Test func whatIsRefusedIsSaidAndTheNextIsTaken() {
    let machine = Machine([
      Self.mkl: { _ in .refused("its products are wrong") },
      Self.openBLAS: { _ in Self.library(Self.openBLAS, kernels: "Zen") },
    ])
    let chosen = machine.choose()
    #expect(chosen.products?.name == Self.openBLAS)
    #expect(chosen.notices == ["\(Self.mkl) is not used: its products are wrong"])
  }

  @Test func withoutDecompositionsTheSystemsAreTaken() {
    var products = LoadedLibrary(name: Self.openBLAS, kernels: "Zen")
    products.hasDecompositions = false
    let machine = Machine([
      Self.openBLAS: { [products] _ in .loaded(products) },
      "liblapack.so.3": { _ in Self.library("liblapack.so.3") },
    ])
    #expect(machine.choose().decompositions?.name == "liblapack.so.3")
    machine.libraries["liblapack.so.3"] = nil
    #expect(machine.choose().decompositions == nil)
  }

  @Test func nothingIsSaidToBeNothing() {
    let chosen = Machine([:]).choose()
    #expect(chosen.products == nil && chosen.decompositions == nil)
    #expect(chosen.notices.count == 1 && chosen.notices[0].contains("no matrix library"))
  }

  @Test(
    arguments: [
      ([.avx2, .avx512, .avx512BFloat16], "Cooperlake"), ([.avx2, .avx512], "SkylakeX"),
      ([.avx2], "Haswell"), ([.avx2, .amd], "Zen"), ([.neonDot], "NeoverseN1"),
    ] as [(ProcessorFeatures, String)])
  func anUnknownProcessorGetsTheKernelsThatItCan(_ features: ProcessorFeatures, _ type: String) {
    let machine = Self.openBLAS(known: features == .neonDot ? "armv8" : "Prescott")
    let chosen = machine.choose(features)
    #expect(chosen.products?.kernels == type)
    #expect(chosen.notices.isEmpty)
    #expect(machine.asked.suffix(2) == [Self.openBLAS, "\(Self.openBLAS) \(type)"])
  }

  @Test func aKnownProcessorAndAUsersChoiceAreLeftAlone() {
    for known in ["Haswell", "Zen", "SkylakeX", "SapphireRapids", "neoversev2", "Excavator"] {
      let machine = Self.openBLAS(known: known)
      #expect(machine.choose([.avx2, .avx512, .neonDot]).products?.kernels == known)
      #expect(machine.asked.last == Self.openBLAS)
    }
    let machine = Self.openBLAS(known: "Prescott")
    let chosen = machine.choose([.avx2, .avx512], kernelType: "Prescott")
    #expect(chosen.products?.kernels == "Prescott")
    #expect(machine.asked.last == Self.openBLAS)
    #expect(chosen.notices.isEmpty)
    #expect(chosen.reason.hasSuffix("OPENBLAS_CORETYPE=Prescott"))
  }

  @Test func withoutBetterKernelsTheNextBestAreTakenAndGenericOnesAreSaid() {
    let old = Self.openBLAS(known: "Prescott", has: ["Haswell"])
    #expect(old.choose([.avx2, .avx512, .avx512BFloat16]).products?.kernels == "Haswell")
    let generic = Self.openBLAS(known: "Prescott", has: [])
    let chosen = generic.choose([.avx2, .avx512])
    #expect(chosen.products?.kernels == "Prescott")
    #expect(generic.asked.last == Self.openBLAS)
    #expect(chosen.notices.count == 1 && chosen.notices[0].contains("generic kernels (Prescott)"))
    // An old processor has nothing better: nothing to say.
    #expect(Self.openBLAS(known: "Nehalem").choose([]).notices.isEmpty)
  }
}
