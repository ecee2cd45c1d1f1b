/// A part of a typed line, with its place: what a command is told.
struct Fragment: Hashable {
  var text: String
  /// Bytes of the line before it.
  var offset: Int

  init(_ text: String, at offset: Int = 0) {
    self.text = text
    self.offset = offset
  }

  var isEmpty: Bool { text.isEmpty }
  var count: Int { text.utf8.count }

  /// Without blanks around it.
  var trimmed: Fragment {
    let bytes = Array(text.utf8)
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A }
    var low = 0
    var high = bytes.count
    while low < high, isBlank(bytes[low]) { low += 1 }
    while high > low, isBlank(bytes[high - 1]) { high -= 1 }
    return part(bytes, low, high)
  }

  private func part(_ bytes: [UInt8], _ low: Int, _ high: Int) -> Fragment {
    Fragment(String(decoding: bytes[low..<high], as: UTF8.self), at: offset + low)
  }

  /// With blanks in the place of quotes around a whole word or more, as a shell wants them around a rule.
  var unquoted: Fragment {
    var bytes = Array(text.utf8)
    func isEdge(_ i: Int) -> Bool {
      !bytes.indices.contains(i) || [0x20, 0x09, 0x0A, UInt8(ascii: ",")].contains(bytes[i])
    }
    var i = 0
    while i < bytes.count {
      let quote = bytes[i]
      if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"), isEdge(i - 1),
        let end = bytes[(i + 1)...].firstIndex(of: quote), end > i + 1, isEdge(end + 1)
      {
        (bytes[i], bytes[end]) = (0x20, 0x20)
        i = end
      }
      i += 1
    }
    return part(bytes, 0, bytes.count)
  }

  /// The first bytes and what follows them.
  func cut(after size: Int) -> (first: Fragment, rest: Fragment) {
    let bytes = Array(text.utf8)
    return (part(bytes, 0, size), part(bytes, size, bytes.count).trimmed)
  }

  /// The first word and what follows it.
  var word: (first: Fragment, rest: Fragment) {
    let whole = trimmed
    let end = whole.text.utf8.prefix { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A }.count
    return whole.cut(after: end)
  }

  /// Words between blanks that lie in no bracket.
  var words: [Fragment] {
    var found: [Fragment] = []
    var rest = trimmed
    while !rest.isEmpty {
      let bytes = Array(rest.text.utf8)
      var depth = 0
      let end =
        bytes.firstIndex { byte in
          depth += Self.depthChange(byte)
          return depth <= 0 && (byte == 0x20 || byte == 0x09 || byte == 0x0A)
        } ?? bytes.count
      found.append(rest.part(bytes, 0, end))
      rest = rest.part(bytes, end, bytes.count).trimmed
    }
    return found
  }

  /// The last of several words, and what stands before it.
  var lastWord: (before: Fragment, last: Fragment)? {
    let words = self.words
    guard words.count > 1, let last = words.last else { return nil }
    let kept = text.utf8.prefix(last.offset - offset)
    return (Fragment(String(decoding: kept, as: UTF8.self), at: offset).trimmed, last)
  }

  /// What a byte adds to the number of open brackets.
  static func depthChange(_ byte: UInt8) -> Int {
    switch byte {
    case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): 1
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): -1
    default: 0
    }
  }

  /// The parts before and after the last place, outside of brackets, where `mark` stands; a mark of
  /// letters stands between blanks.
  func split(on mark: String) -> (left: Fragment, right: Fragment)? {
    let bytes = Array(text.utf8)
    let wanted = Array(mark.utf8)
    let isWord = mark.allSatisfy(\.isLetter)
    guard bytes.count >= wanted.count else { return nil }
    var depth = 0
    var place: Int?
    for i in bytes.indices {
      depth += Self.depthChange(bytes[i])
      guard depth == 0, i + wanted.count <= bytes.count,
        bytes[i..<i + wanted.count].elementsEqual(wanted)
      else { continue }
      if isWord {
        let before = i == 0 || bytes[i - 1] == 0x20
        let after = i + wanted.count == bytes.count || bytes[i + wanted.count] == 0x20
        guard before, after else { continue }
      }
      place = i
    }
    guard let place else { return nil }
    return (
      part(bytes, 0, place).trimmed, part(bytes, place + wanted.count, bytes.count).trimmed
    )
  }

  /// The parts between commas that lie in no bracket.
  var listed: [Fragment] {
    var parts: [Fragment] = []
    var rest = self
    while let (left, last) = rest.split(on: ",") {
      parts.insert(last, at: 0)
      rest = left
    }
    return [rest] + parts
  }

  /// The two sides of an equation: around `==`, or around an `=` outside of brackets.
  var sides: (left: Fragment, right: Fragment)? {
    if let sides = split(on: "==") { return sides }
    return split(on: "=")
  }
}
