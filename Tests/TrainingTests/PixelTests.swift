import Basics
import Foundation
import Testing

@testable import Plotting
@testable import Training

/// Figures as images: what a terminal would decode is what was drawn.
@Suite struct PixelTests {
  private let figure = Figure(
    title: "a bowl", xLabel: "step", yLabel: "loss",
    series: [
      Series(name: "up", x: [0, 1, 2], y: [0, 1, 2]),
      Series(name: "down β", x: [0, 1, 2], y: [2, 1, 0]),
    ])

  /// A reader of sixel graphics, from their description and not from the writer.
  private func decoded(_ text: String, width: Int, height: Int) -> [UInt8] {
    var pixels = [UInt8](repeating: 255, count: width * height)
    let bytes = Array(text.utf8)
    var i = bytes.firstIndex(of: UInt8(ascii: "q"))! + 1
    var (x, top, colour) = (0, 0, 0)
    func number() -> Int {
      var n = 0
      while i < bytes.count, (0x30...0x39).contains(bytes[i]) {
        n = n * 10 + Int(bytes[i] - 0x30)
        i += 1
      }
      return n
    }
    while i < bytes.count, bytes[i] != 0x1B {
      switch bytes[i] {
      case UInt8(ascii: "\""):
        i += 1
        var sizes: [Int] = []
        while true {
          sizes.append(number())
          guard bytes[i] == UInt8(ascii: ";") else { break }
          i += 1
        }
        #expect(sizes == [1, 1, width, height])
      case UInt8(ascii: "#"):
        i += 1
        colour = number()
        while bytes[i] == UInt8(ascii: ";") {
          i += 1
          _ = number()
        }
      case UInt8(ascii: "$"):
        x = 0
        i += 1
      case UInt8(ascii: "-"):
        x = 0
        top += 6
        i += 1
      default:
        var count = 1
        if bytes[i] == UInt8(ascii: "!") {
          i += 1
          count = number()
        }
        let bits = bytes[i] - 63
        i += 1
        for _ in 0..<count {
          for j in 0..<6 where bits >> UInt8(j) & 1 == 1 {
            pixels[(top + j) * width + x] = UInt8(colour)
          }
          x += 1
        }
      }
    }
    return pixels
  }

  @Test func sixelsDecodeToThePicture() {
    let image = PixelWriter(figure: figure, width: 300).image()
    #expect(image.width == 300 && Set(image.pixels).isSuperset(of: [0, 1, 3, 4]))
    #expect(decoded(image.sixel, width: image.width, height: image.height) == image.pixels)
    #expect(figure.sixel(width: 300) == image.sixel + "\n")
  }

  @Test func kittyPiecesDecodeToThePicture() throws {
    let image = PixelWriter(figure: figure, width: 301).image()
    var letters = ""
    let pieces = image.kitty.components(separatedBy: "\u{1B}\\").dropLast()
    for (k, piece) in pieces.enumerated() {
      let parts = piece.split(separator: ";", maxSplits: 1)
      #expect(parts[1].count <= 4096)
      #expect(parts[0].hasSuffix(k + 1 == pieces.count ? "m=0" : "m=1"))
      if k == 0 { #expect(parts[0] == "\u{1B}_Ga=T,f=24,s=301,v=\(image.height),m=1") }
      letters += parts[1]
    }
    let bytes = try #require(Data(base64Encoded: letters))
    #expect(Array(bytes) == image.pixels.flatMap { image.colours[Int($0)] })
  }

  /// The curve that rises is drawn from the lower left to the upper right.
  @Test func curvesStandWhereTheyBelong() {
    let image = PixelWriter(figure: figure, width: 400).image()
    func places(_ colour: UInt8) -> [(x: Int, y: Int)] {
      image.pixels.indices.filter { image.pixels[$0] == colour }
        .map { ($0 % image.width, $0 / image.width) }.filter { $0.1 < 250 }
    }
    let up = places(3).sorted { $0.x < $1.x }
    #expect(up.first!.y > up.last!.y + 100)
    let down = places(4).sorted { $0.x < $1.x }
    #expect(down.first!.y + 100 < down.last!.y)
  }

  @Test func oddFiguresAreDrawn() {
    let odd = [
      Figure(title: "", panels: []),
      Figure(title: "日本 β", xLabel: "", yLabel: "", series: []),
      Figure(title: "", xLabel: "", yLabel: "", series: [Series(name: "", x: [.nan], y: [1])]),
      Figure(
        title: "", xLabel: "", yLabel: "", yScale: .log,
        series: [Series(name: "z", x: [0, 1], y: [-1, 1e300])]),
      Figure(
        title: "",
        panels: [
          .contours(
            ContourPanel(
              xRange: -1...1, yRange: -1...1, columns: 3,
              values: [1, 0, 1, 0, -1, 0, 1, 0, 1],
              paths: [ContourPanel.Path(name: "p", x: [-1, 0], y: [1, 0])]))
        ]),
    ]
    for figure in odd {
      let image = PixelWriter(figure: figure, width: 10).image()
      #expect(image.width == 200)
      #expect(decoded(image.sixel, width: 200, height: image.height) == image.pixels)
    }
  }

  @Test func everyLetterIsDifferent() {
    let letters = (0x21..<0x7F).map { PixelFont.columns(Character(Unicode.Scalar(UInt8($0)))) }
    #expect(Set(letters).count == letters.count)
    #expect(letters.allSatisfy { $0.count == 5 && $0.contains { $0 != 0 } })
  }

  private static func bigEndian(_ word: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(word >> UInt32($0) & 255) }
  }

  /// A reader of PNG, from its standard; the bytes inflate to the rows of the picture.
  @Test(arguments: [200, 720, 1440])
  func aPNGHasThePixelsOfTheImage(_ width: Int) throws {
    for unit in [1, 2] {
      let image = PixelWriter(figure: figure, width: width, unit: unit).image()
      let file = image.png
      #expect(file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
      func word(_ at: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(file[at + $1]) } }
      var chunks: [(String, [UInt8])] = []
      var at = 8
      while at < file.count {
        let body = Array(file[(at + 4)..<(at + 8 + word(at))])
        #expect(word(at + 4 + body.count) == Int(Checksum.crc32(body)))
        chunks.append((String(decoding: body[..<4], as: UTF8.self), Array(body[4...])))
        at += 8 + body.count
      }
      #expect(chunks.map(\.0) == ["IHDR", "PLTE", "IDAT", "IEND"])
      #expect(Array(chunks[0].1[8...]) == [8, 3, 0, 0, 0])
      #expect(chunks[1].1 == image.colours.flatMap { $0 })
      let data = chunks[2].1
      #expect((Int(data[0]) << 8 | Int(data[1])) % 31 == 0)
      let rows = try data[2..<data.count - 4].withUnsafeBytes {
        try Inflate.inflate($0, size: (image.width + 1) * image.height)
      }
      #expect(Array(data.suffix(4)) == Array(Self.bigEndian(Checksum.adler32(rows))))
      let width = image.width + 1
      let pixels = rows.indices.filter { $0 % width != 0 }.map { rows[$0] }
      #expect(pixels == image.pixels && file.count < image.pixels.count / 8)
    }
  }

  /// Runs of every length and bytes of every value survive.
  @Test func whatIsDeflatedInflatesToItself() throws {
    var random = SplitMix64(3)
    for length in [0, 1, 2, 3, 4, 257, 258, 259, 260, 600, 70_000] {
      for kinds in [1, 3, 256] {
        var bytes: [UInt8] = []
        while bytes.count < length {
          let byte = UInt8(Int.random(in: 0..<kinds, using: &random))
          bytes += [UInt8](
            repeating: byte, count: .random(in: 1...min(length, 300), using: &random))
        }
        let packed = RunDeflate.deflate(bytes, row: 97)
        let found = try packed.withUnsafeBytes { try Inflate.inflate($0, size: bytes.count) }
        #expect(found == bytes)
      }
    }
  }
}
