import Foundation

/// A file and how a script reads it.
struct CatalogFiles {
  var name: String
  var bytes: [UInt8]
  var options: String

  init(_ name: String, _ bytes: [UInt8], _ options: String = "") {
    self.name = name
    self.bytes = bytes
    self.options = options
  }

  init(_ name: String, _ text: String) { self.init(name, Array(text.utf8)) }

  /// A script that trains on the file for one step.
  var script: String {
    var reader = "csv(\"\(name)\", target = \"y\""
    if name.hasSuffix(".npy") { reader = "npy(x = \"\(name)\", y = \"\(name)\"" }
    if name.hasSuffix(".npz") { reader = "npz(\"\(name)\", x = \"x\", y = \"y\"" }
    let more = options.isEmpty ? "" : ", " + options
    return """
      data d = \(reader)\(more))
      objective line(; x, y) {
          param a: vector(features) = 0
          loss = mean((x @ a - y)^2)
      }
      train line on d with SGD for 1 steps batch 1

      """
  }
}

/// What the pages of the catalogue describe in words, as bytes.
enum CatalogSituations {
  static let all: [Int: (trigger: CatalogFiles, repair: CatalogFiles)] = [
    101: (
      CatalogFiles("p.opt", Array("x = 1  # caf".utf8) + [0xE9, 0x0A]),
      CatalogFiles("p.opt", "x = 1  # café\n")
    ),
    110: (
      CatalogFiles("p.opt", "x = " + repeated("(", 201) + "1" + repeated(")", 201) + "\n"),
      CatalogFiles("p.opt", "x = " + repeated("(", 20) + "1" + repeated(")", 20) + "\n")
    ),
    111: (
      CatalogFiles("p.opt", repeated("# line\n", 2_500_000)), CatalogFiles("p.opt", "x = 1\n")
    ),
    113: (
      CatalogFiles("p.opt", "a = 1\nx = a" + repeated(" + a", 501) + "\n"),
      CatalogFiles("p.opt", "a = 1\nx = a + a\n")
    ),
    114: (
      CatalogFiles("p.opt", unfolding(30, "f(x) + f(x)")),
      CatalogFiles("p.opt", unfolding(30, "2 * f(x)"))
    ),
    415: (
      CatalogFiles("p.opt", rule("g * sum([1" + repeated(", 1", 1024) + "])")),
      CatalogFiles("p.opt", rule("g * sum([1" + repeated(", 1", 1023) + "])"))
    ),
    606: (CatalogFiles("p.opt", routes(9)), CatalogFiles("p.opt", routes(3))),
    717: (
      CatalogFiles("d.csv", [0xFF, 0xFE, 0x78, 0, 0x2C, 0, 0x79, 0, 0x0A, 0]),
      CatalogFiles("d.csv", "x,y\n0,1\n1,0\n")
    ),
    720: (CatalogFiles("x.npy", "x,y\n0,1\n"), good),
    721: (CatalogFiles("x.npy", array(version: 9)), good),
    722: (CatalogFiles("x.npy", array(order: "Maybe")), good),
    723: (CatalogFiles("x.npy", array(element: "<U1")), good),
    724: (CatalogFiles("x.npy", Array(array().dropLast())), good),
    730: (CatalogFiles("d.npz", Array(archive().prefix(60))), goodArchive),
    731: (CatalogFiles("d.npz", changed(archive(), directory(archive()), 0x51)), goodArchive),
    // Bit 0 of the flags, in the member's header and in the directory: encrypted.
    732: (
      CatalogFiles("d.npz", changed(changed(archive(), 6, 1), directory(archive()) + 8, 1)),
      goodArchive
    ),
    // Deflate, whose first block has the reserved type 3.
    733: (
      CatalogFiles("d.npz", archive(method: 8, firstByte: 0x07)),
      CatalogFiles("d.npz", archive())
    ),
    734: (CatalogFiles("d.npz", archive(checksumError: 1)), goodArchive),
    735: (CatalogFiles("d.npz", archive(names: ["X", "y"])), goodArchive),
    736: (
      CatalogFiles("d.npz", archive(second: array(shape: "(3, 1)", count: 3))), goodArchive
    ),
  ]

  private static let good = CatalogFiles("x.npy", array())
  private static let goodArchive = CatalogFiles("d.npz", archive())

  private static func repeated(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
  }

  private static func rule(_ step: String) -> String { "rule Long {\n    w' = w - \(step)\n}\n" }

  /// Functions that call each other in a row.
  private static func unfolding(_ count: Int, _ step: String) -> String {
    var text = "fn f0(x) = x\n"
    for i in 1...count {
      let body = step.replacingOccurrences(of: "f(", with: "f\(i - 1)(")
      text += "fn f\(i)(x) = \(body) + x * \(i)\n"
    }
    return text + "rule Mine { w' = w - f\(count)(g) }\n"
  }

  /// Rules inside rules, each with two ways: 2^count in all.
  private static func routes(_ count: Int) -> String {
    var text = "rule Pick = route {\n    rank == 2 -> SGD\n    otherwise -> Lion\n}\n"
    let names = (1...count).map { "r\($0)" }
    text += "rule Many(" + names.map { "\($0): rule" }.joined(separator: ", ") + ") {\n"
    text +=
      "    w' = (" + names.map { "\($0)(w, g)" }.joined(separator: " + ") + ") / \(count)\n}\n"
    text += "rule Mine = Many(" + repeated("Pick, ", count - 1) + "Pick)\n"
    return text
  }

  // MARK: Arrays and archives

  private static func array(
    version: UInt8 = 1, element: String = "|u1", order: String = "False",
    shape: String = "(4, 1)", count: Int = 4
  ) -> [UInt8] {
    var header = "{'descr': '\(element)', 'fortran_order': \(order), 'shape': \(shape), }"
    header += repeated(" ", 117 - header.utf8.count) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [version, 0, 118, 0] + Array(header.utf8)
      + (0..<count).map { UInt8($0) }
  }

  private static func archive(
    names: [String] = ["x", "y"], method: UInt8 = 0, firstByte: UInt8? = nil,
    checksumError: UInt32 = 0, second: [UInt8]? = nil
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for (i, name) in names.enumerated() {
      var member = i == 1 ? second ?? array() : array()
      let fields: [UInt8] =
        [method, 0, 0, 0, 0x21, 0x5C] + little(checksum(member) ^ checksumError)
        + little(UInt32(member.count)) + little(UInt32(member.count))
        + [UInt8(name.utf8.count + 4), 0, 0, 0]
      if let firstByte { member[0] = firstByte }
      let file = Array((name + ".npy").utf8)
      directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0, 0, 0] + fields
      directory += [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + little(UInt32(bytes.count)) + file
      bytes += [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + fields + file + member
    }
    let start = UInt32(bytes.count)
    bytes +=
      directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0, UInt8(names.count), 0, UInt8(names.count), 0]
    return bytes + little(UInt32(directory.count)) + little(start) + [0, 0]
  }

  private static func little(_ x: UInt32) -> [UInt8] { (0..<4).map { UInt8(x >> (8 * $0) & 0xFF) } }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum = ~UInt32(0)
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
  }

  /// Where the directory of an archive starts.
  private static func directory(_ bytes: [UInt8]) -> Int {
    bytes.indices.first { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2]) }!
  }

  private static func changed(_ bytes: [UInt8], _ at: Int, _ value: UInt8) -> [UInt8] {
    var bytes = bytes
    bytes[at] = value
    return bytes
  }
}
