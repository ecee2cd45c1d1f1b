/// A picture of a few colours.
package struct PixelImage: Equatable {
  package let width: Int
  package let height: Int
  /// Red, green and blue of each colour, 0 to 255; the first is the background.
  package let colours: [[UInt8]]
  /// The number of a colour for each pixel, row by row from the top.
  package private(set) var pixels: [UInt8]

  package init(width: Int, height: Int, colours: [[UInt8]]) {
    self.width = width
    self.height = height
    self.colours = colours
    pixels = [UInt8](repeating: 0, count: width * height)
  }

  package mutating func set(_ x: Int, _ y: Int, _ colour: UInt8) {
    guard x >= 0, y >= 0, x < width, y < height else { return }
    pixels[y * width + x] = colour
  }

  /// A line (Bresenham), `weight` pixels wide and high.
  mutating func line(
    from a: (x: Int, y: Int), to b: (x: Int, y: Int), _ colour: UInt8, weight: Int = 1
  ) {
    var (x, y) = a
    let (dx, dy) = (abs(b.x - x), -abs(b.y - y))
    let (stepX, stepY) = (x < b.x ? 1 : -1, y < b.y ? 1 : -1)
    var error = dx + dy
    while true {
      for i in 0..<weight { for j in 0..<weight { set(x + i, y + j, colour) } }
      if x == b.x, y == b.y { return }
      let doubled = 2 * error
      if doubled >= dy {
        error += dy
        x += stepX
      }
      if doubled <= dx {
        error += dx
        y += stepY
      }
    }
  }

  /// Pixels that a letter takes, with the space behind it.
  static let letterWidth = PixelFont.width + 1

  /// Text with its upper left corner at a pixel, each dot `unit` pixels wide and high.
  mutating func text(
    _ text: String, at place: (x: Int, y: Int), _ colour: UInt8, unit: Int = 1
  ) {
    var x = place.x
    for letter in text {
      for (i, column) in PixelFont.columns(letter).enumerated() {
        for j in 0..<PixelFont.height where column >> UInt8(j) & 1 == 1 {
          for k in 0..<unit * unit {
            set(x + i * unit + k % unit, place.y + j * unit + k / unit, colour)
          }
        }
      }
      x += Self.letterWidth * unit
    }
  }

  // MARK: Terminals

  /// In DEC's sixel graphics: six rows at a time, one colour after the other, runs counted.
  package var sixel: String {
    var text = "\u{1B}Pq\"1;1;\(width);\(height)"
    for (k, colour) in colours.enumerated() {
      let parts = colour.map { String((Int($0) * 100 + 127) / 255) }
      text += "#\(k);2;\(parts.joined(separator: ";"))"
    }
    for top in stride(from: 0, to: height, by: 6) {
      var isFirst = true
      for k in colours.indices {
        var row: [UInt8] = []
        var isUsed = false
        for x in 0..<width {
          var bits: UInt8 = 0
          for j in 0..<6 where top + j < height && pixels[(top + j) * width + x] == UInt8(k) {
            bits |= 1 << UInt8(j)
          }
          if bits != 0 { isUsed = true }
          row.append(bits)
        }
        guard isUsed else { continue }
        text += (isFirst ? "" : "$") + "#\(k)" + Self.counted(row)
        isFirst = false
      }
      text += "-"
    }
    return text + "\u{1B}\\"
  }

  private static func counted(_ row: [UInt8]) -> String {
    var text = ""
    var i = 0
    while i < row.count {
      var end = i
      while end < row.count, row[end] == row[i] { end += 1 }
      let letter = Character(Unicode.Scalar(row[i] + 63))
      text += end - i > 3 ? "!\(end - i)\(letter)" : String(repeating: letter, count: end - i)
      i = end
    }
    return text
  }

  /// In the graphics protocol of kitty: red, green, blue in base 64, in pieces of 4,096 letters.
  package var kitty: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(pixels.count * 3)
    for pixel in pixels { bytes += colours[Int(pixel)] }
    let letters = Self.base64(bytes)
    var text = ""
    var start = 0
    while start < letters.count {
      let end = min(start + 4096, letters.count)
      let head = start == 0 ? "a=T,f=24,s=\(width),v=\(height)," : ""
      text += "\u{1B}_G\(head)m=\(end < letters.count ? 1 : 0);"
      text += String(decoding: letters[start..<end], as: UTF8.self) + "\u{1B}\\"
      start = end
    }
    return text
  }

  private static func base64(_ bytes: [UInt8]) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count * 4 / 3 + 4)
    for i in stride(from: 0, to: bytes.count, by: 3) {
      let a = UInt32(bytes[i])
      let b = i + 1 < bytes.count ? UInt32(bytes[i + 1]) : 0
      let c = i + 2 < bytes.count ? UInt32(bytes[i + 2]) : 0
      let word = a << 16 | b << 8 | c
      for (k, shift) in [18, 12, 6, 0].enumerated() {
        result.append(
          i + k > bytes.count ? UInt8(ascii: "=") : alphabet[Int(word >> UInt32(shift) & 63)])
      }
    }
    return result
  }
}
