import CKernels
import Platform

/// Which library computes large products and decompositions, and why; docs/decisions/0029.
package struct MatrixLibrary: Equatable, Sendable, CustomStringConvertible {
  /// Where the products come from; nil where kernels of our own compute them.
  package var products: LoadedLibrary?
  /// Where the decompositions come from; nil where there are none.
  package var decompositions: LoadedLibrary?
  /// Why these kernels compute, in a few words.
  package var reason = ""
  /// What is to be said once: libraries that were passed over, and slow kernels.
  package var notices: [String] = []

  /// The one of this process, loaded when it is first asked for.
  package static let current: MatrixLibrary = {
    let chosen = LibraryChooser().choose(
      preference: variable("RAVINE_BLAS"), kernelType: variable("OPENBLAS_CORETYPE"))
    for notice in chosen.notices { report(notice) }
    return chosen
  }()

  /// Told each notice, when the library is first needed. To be set before that.
  nonisolated(unsafe) package static var report: (String) -> Void = { _ in }

  @inline(__always) package static func load() { _ = current }

  package var description: String {
    """
    products        \(products?.description ?? "kernels of Ravine's own")
    kernels         \(products.map { $0.kernels.isEmpty ? "as the library chooses" : $0.kernels } ?? "plain")
    in bfloat16     \(rv_multiplies_bf16() != 0 ? "kernels of Ravine's own for AVX-512's bfloat16" : "as in float32")
    decompositions  \(decompositions == products ? "\(products == nil ? "none" : "the same")" : decompositions?.description ?? "none")
    threads         \(rv_default_threads()) of Ravine's, none of the library's
    chosen because  \(reason)
    """
  }

  private static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }
}

/// What a library says of itself.
package struct LoadedLibrary: Equatable, Sendable, CustomStringConvertible {
  package var name: String
  package var path = ""
  package var version = ""
  /// Its name for its kernels, where it tells.
  package var kernels = ""
  package var hasDecompositions = true

  package var description: String { version.isEmpty ? path : "\(path) (\(version))" }
}

/// What comes of loading a library.
package enum LoadOutcome: Equatable, Sendable {
  case loaded(LoadedLibrary)
  /// There is none of this name.
  case absent
  /// It is there and cannot be used: why.
  case refused(String)
}

/// Chooses by names, by what the processor can and by what the user wants: never by timing, so that
/// runs repeat.
package struct LibraryChooser {
  var features = ProcessorFeatures.ofThisProcessor
  /// Loads products by name, under a value of OPENBLAS_CORETYPE if there is one, in the place of the
  /// library before.
  var loadProducts: (_ name: String, _ kernelType: String?) -> LoadOutcome = {
    Self.load($0, $1, RV_PRODUCTS)
  }
  var loadDecompositions: (_ name: String) -> LoadOutcome = {
    Self.load($0, nil, RV_DECOMPOSITIONS)
  }

  #if canImport(Darwin)
    static let names: KeyValuePairs = [
      "accelerate": ["/System/Library/Frameworks/Accelerate.framework/Accelerate"],
      "openblas": ["libopenblas.dylib"],
    ]
    static let systemDecompositions = "liblapack.dylib"
  #else
    static let names: KeyValuePairs = [
      "mkl": ["libmkl_rt.so.3", "libmkl_rt.so.2", "libmkl_rt.so"],
      "openblas": ["libopenblas.so.0", "libopenblas.so"],
    ]
    static let systemDecompositions = "liblapack.so.3"
  #endif

  package init() {}

  /// `preference` is RAVINE_BLAS: a word of `names`, `none`, or the name or path of a file.
  package func choose(preference: String?, kernelType: String?) -> MatrixLibrary {
    var result = MatrixLibrary()
    guard preference != "none" else {
      result.reason = "RAVINE_BLAS is none"
      return result
    }
    let usual = Self.names.flatMap(\.value)
    let named =
      preference.map { name in Self.names.first { $0.key == name }?.value ?? [name] } ?? []
    for name in named + usual.filter({ !named.contains($0) }) where result.products == nil {
      switch loadProducts(name, nil) {
      case .absent: continue
      case .refused(let why): result.notices.append("\(name) is not used: \(why)")
      case .loaded(let library):
        result.reason = named.contains(name) ? "RAVINE_BLAS names it" : "the first that is there"
        result.products = withBestKernels(library, kernelType, &result)
      }
    }
    if let preference, result.products.map({ !named.contains($0.name) }) ?? true {
      if result.notices.isEmpty { result.notices.append("RAVINE_BLAS: there is no \(preference)") }
    }
    if let products = result.products, products.hasDecompositions {
      result.decompositions = products
    } else {
      switch loadDecompositions(Self.systemDecompositions) {
      case .loaded(let library): result.decompositions = library
      case .absent: break
      case .refused(let why):
        result.notices.append("\(Self.systemDecompositions) is not used: \(why)")
      }
    }
    if result.products == nil {
      result.reason = "no library was found"
      result.notices.append(
        "no matrix library can be used, so large products run on kernels of Ravine's own; "
          + "install OpenBLAS (Debian: libopenblas0) or name one in RAVINE_BLAS")
    }
    return result
  }

  /// The library with kernels for this processor: as it is where it knows the processor or the user
  /// chose, else loaded again.
  private func withBestKernels(
    _ library: LoadedLibrary, _ chosen: String?, _ result: inout MatrixLibrary
  ) -> LoadedLibrary? {
    if let chosen {
      result.reason += "; kernels by OPENBLAS_CORETYPE=\(chosen)"
      return library
    }
    let types = KernelType.better(than: library.kernels, on: features)
    if types.isEmpty { return library }
    for type in types {
      if case .loaded(let better) = loadProducts(library.name, type),
        !KernelType.isGeneric(better.kernels)
      {
        result.reason += "; it took \(library.kernels) for this processor, which can \(type)"
        return better
      }
    }
    result.notices.append(
      "\(library.path) has only generic kernels (\(library.kernels)) for this processor: large "
        + "products take several times as long as they could; a newer OpenBLAS helps")
    guard case .loaded(let again) = loadProducts(library.name, nil) else { return nil }
    return again
  }

  private static func load(
    _ name: String, _ kernelType: String?, _ part: rv_library_part
  ) -> LoadOutcome {
    var found = rv_library()
    switch rv_library_load(name, kernelType, part, &found) {
    case RV_LIBRARY_LOADED:
      return .loaded(
        LoadedLibrary(
          name: name, path: text(&found.path), version: text(&found.version),
          kernels: text(&found.core),
          hasDecompositions: found.parts & Int32(RV_DECOMPOSITIONS.rawValue) != 0))
    case RV_LIBRARY_ABSENT: return .absent
    default: return .refused(text(&found.problem))
    }
  }

  /// A text in an array of C.
  private static func text<Characters>(_ characters: inout Characters) -> String {
    withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
