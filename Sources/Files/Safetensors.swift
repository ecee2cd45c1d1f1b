import Basics
import Diagnostics

/// Tensors by name in one file, in the format of the safetensors library: eight bytes that say how long
/// the header is, the header in JSON, then the numbers of all tensors without gaps.
package struct Safetensors {
  /// A tensor that is written or was read.
  package struct Entry {
    package var name: String
    /// `F32`, as the format names it.
    package var element: String
    package var shape: [Int]
    /// Where its numbers are, in bytes from the end of the header.
    package var range: Range<Int>
  }

  /// Bytes of an element, for what Ravine writes and what others do.
  private static let widths = [
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2,
    "U16": 2, "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
  ]
  /// The longest header that the format allows.
  private static let headerLimit = 100_000_000

  package private(set) var entries: [Entry] = []
  /// Texts about the whole, in the order of the file.
  package private(set) var metadata: [(key: String, value: String)] = []
  private var bytes: [UInt8] = []
  private var start = 0

  package subscript(metadata key: String) -> String? {
    metadata.first { $0.key == key }?.value
  }

  package func entry(_ name: String) -> Entry? { positions[name].map { entries[$0] } }
  private var positions: [String: Int] = [:]

  /// Calls `body` with the numbers of an entry.
  package func withBytes<R>(of entry: Entry, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    bytes.withUnsafeBytes {
      body(
        UnsafeRawBufferPointer(
          rebasing: $0[(start + entry.range.lowerBound)..<(start + entry.range.upperBound)]))
    }
  }

  // MARK: Writing

  /// A tensor to be written.
  package struct Part {
    package var name: String
    package var element: String
    package var shape: [Int]
    package var bytes: UnsafeRawBufferPointer

    package init(
      name: String, element: String, shape: [Int], bytes: UnsafeRawBufferPointer
    ) {
      self.name = name
      self.element = element
      self.shape = shape
      self.bytes = bytes
    }
  }

  /// The header for these tensors, and the order in which their numbers follow it: those of the widest
  /// elements first, so that each stands where its type wants it.
  package static func layout(
    _ parts: [Part], metadata: KeyValuePairs<String, String>
  ) -> (header: [UInt8], order: [Int]) {
    let order = parts.indices.sorted {
      let (a, b) = (widths[parts[$0].element] ?? 1, widths[parts[$1].element] ?? 1)
      return a == b ? $0 < $1 : a > b
    }
    var members = [
      JSONMember("__metadata__", .object(metadata.map { JSONMember($0.key, .string($0.value)) }))
    ]
    var offset = 0
    for k in order {
      let part = parts[k]
      members.append(
        JSONMember(
          part.name,
          .record([
            "dtype": .string(part.element), "shape": .array(part.shape.map { .int($0) }),
            "data_offsets": .array([.int(offset), .int(offset + part.bytes.count)]),
          ])))
      offset += part.bytes.count
    }
    var text = Array(JSONValue.object(members).line.utf8)
    while text.count % 8 != 0 { text.append(0x20) }
    let length = UInt64(text.count)
    return ((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + text, order)
  }

  // MARK: Reading

  /// Reads the bytes of a file that messages call `path`.
  ///
  /// Throws R0770 where they are none, or where the header lies about what follows.
  package init(bytes: [UInt8], path: String) throws(DiagnosticError) {
    func refuse(_ why: String) -> DiagnosticError {
      DataProblem.notSafetensors(path, why: why)
    }
    guard bytes.count >= 10 else { throw refuse("it is too short to have a header") }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << (8 * UInt64($1)) }
    guard length <= UInt64(Self.headerLimit), bytes[8] == 0x7B else {
      throw refuse("it does not begin with the length of a header and the header")
    }
    guard Int(length) <= bytes.count - 8 else { throw refuse("its header is cut short") }
    start = 8 + Int(length)
    self.bytes = bytes
    let header: JSONValue
    do throws(JSONError) {
      header = try JSONReader.parse(Array(bytes[8..<start]))
    } catch {
      throw refuse("its header is no JSON: \(error.message)")
    }
    guard case .object(let members) = header else { throw refuse("its header is no object") }
    for member in members {
      if member.key == "__metadata__" {
        guard case .object(let texts) = member.value, metadata.isEmpty else {
          throw refuse("its metadata are no texts")
        }
        for text in texts {
          guard let value = text.value.text, self[metadata: text.key] == nil else {
            throw refuse("its metadata are no texts")
          }
          metadata.append((text.key, value))
        }
        continue
      }
      guard positions[member.key] == nil else {
        throw refuse("two tensors are called `\(printable(member.key))`")
      }
      guard let entry = Self.entry(member) else {
        throw refuse(
          "the tensor `\(printable(member.key))` is not described as the format wants it")
      }
      positions[member.key] = entries.count
      entries.append(entry)
    }
    var end = 0
    for entry in entries.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard entry.range.lowerBound == end else {
        throw refuse("the numbers of `\(printable(entry.name))` do not follow those before them")
      }
      end = entry.range.upperBound
    }
    guard end == bytes.count - start else {
      throw refuse(
        "its header speaks of \(end) bytes of numbers, and \(bytes.count - start) follow it")
    }
  }

  /// Nil where lengths, type and place do not agree.
  private static func entry(_ member: JSONMember) -> Entry? {
    func whole(_ value: JSONValue) -> Int? {
      guard case .number(let x) = value, x >= 0, x < 9e15 else { return nil }
      return Int(exactly: x)
    }
    guard let element = member.value["dtype"]?.text, let width = widths[element],
      let lengths = member.value["shape"]?.items, let ends = member.value["data_offsets"]?.items,
      ends.count == 2, let first = whole(ends[0]), let last = whole(ends[1]), first <= last
    else { return nil }
    var count = width
    var shape: [Int] = []
    for length in lengths {
      guard let length = whole(length) else { return nil }
      shape.append(length)
      let (next, overflow) = count.multipliedReportingOverflow(by: length)
      if overflow { return nil }
      count = next
    }
    guard count == last - first else { return nil }
    return Entry(name: member.key, element: element, shape: shape, range: first..<last)
  }
}
