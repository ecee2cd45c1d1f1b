import Platform

/// The little that scripts ask of the file system.
enum FileSystem {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
