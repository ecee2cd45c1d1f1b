/// The texts that are built into the library.
enum Resources {
  static var files: [(name: String, bytes: [UInt8])] {
    [
      ("zoo/prelude.opt", PackageResources.prelude_opt),
      ("zoo/descent.opt", PackageResources.descent_opt),
    ]
  }
}
