/// A grid of terminal cells with finer dots inside: 2 × 4 per cell as Braille, 1 × 1 in ASCII.
package struct DotCanvas {
  let width: Int
  let height: Int
  let isUnicode: Bool
  /// Braille dots, or the ASCII character, of each cell.
  private var cells: [UInt32]
  /// Which curve drew last in the cell; -1 for none.
  private var owners: [Int]
  /// Characters placed over the dots.
  private var letters: [Int: Character] = [:]

  var dotColumns: Int { isUnicode ? width * 2 : width }
  var dotRows: Int { isUnicode ? height * 4 : height }

  package init(width: Int, height: Int, isUnicode: Bool) {
    self.width = width
    self.height = height
    self.isUnicode = isUnicode
    cells = [UInt32](repeating: 0, count: width * height)
    owners = [Int](repeating: -1, count: width * height)
  }

  private static let dots: [[UInt32]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
  private static let marks: [Character] = ["*", "o", "+", "x", "#", "@", "%", "&"]

  /// The ASCII character of a curve.
  static func mark(_ owner: Int) -> Character { owner < 0 ? "." : marks[owner % marks.count] }

  mutating func set(_ column: Int, _ row: Int, owner: Int) {
    guard column >= 0, row >= 0, column < dotColumns, row < dotRows else { return }
    if isUnicode {
      let cell = row / 4 * width + column / 2
      cells[cell] |= Self.dots[column % 2][row % 4]
      owners[cell] = owner
    } else {
      let cell = row * width + column
      cells[cell] = Self.mark(owner).unicodeScalars.first!.value
      owners[cell] = owner
    }
  }

  /// A point of the unit square, y upwards.
  private func dot(_ point: PlotPoint) -> (Int, Int) {
    let x = min(1, max(0, point.x)) * Double(dotColumns - 1)
    let y = (1 - min(1, max(0, point.y))) * Double(dotRows - 1)
    return (Int(x.rounded()), Int(y.rounded()))
  }

  /// A curve through points of the unit square (Bresenham's lines).
  package mutating func stroke(_ points: [PlotPoint], owner: Int) {
    guard let first = points.first else { return }
    var (x, y) = dot(first)
    set(x, y, owner: owner)
    for point in points.dropFirst() {
      let (endX, endY) = dot(point)
      let (dx, dy) = (abs(endX - x), -abs(endY - y))
      let (stepX, stepY) = (x < endX ? 1 : -1, y < endY ? 1 : -1)
      var error = dx + dy
      while x != endX || y != endY {
        let doubled = 2 * error
        if doubled >= dy {
          error += dy
          x += stepX
        }
        if doubled <= dx {
          error += dx
          y += stepY
        }
        set(x, y, owner: owner)
      }
    }
  }

  /// Writes a letter over the cell of a point.
  mutating func label(_ letter: Character, at point: PlotPoint, owner: Int) {
    let (column, row) = dot(point)
    var cell = isUnicode ? row / 4 * width + column / 2 : row * width + column
    // Curves often end at the same place: the next free cell to the left keeps both letters.
    let lineStart = cell / width * width
    while letters[cell] != nil, cell > lineStart { cell -= 1 }
    letters[cell] = letter
    owners[cell] = owner
  }

  /// One line of the canvas without trailing blanks; `paint` colours what one curve drew in a row
  /// of cells.
  package func line(_ row: Int, paint: (String, Int) -> String) -> String {
    var out = ""
    var blanks = ""
    var stretch = ""
    var owner = -1
    for column in 0..<width {
      let cell = row * width + column
      let character: Character
      if let letter = letters[cell] {
        character = letter
      } else if cells[cell] != 0 {
        let value = isUnicode ? 0x2800 + cells[cell] : cells[cell]
        character = Character(Unicode.Scalar(value)!)
      } else {
        if !stretch.isEmpty { out += paint(stretch, owner) }
        stretch = ""
        blanks += " "
        continue
      }
      if owner != owners[cell], !stretch.isEmpty {
        out += paint(stretch, owner)
        stretch = ""
      }
      out += blanks
      blanks = ""
      owner = owners[cell]
      stretch.append(character)
    }
    return stretch.isEmpty ? out : out + paint(stretch, owner)
  }
}
