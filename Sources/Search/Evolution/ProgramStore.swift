/// The programs that ran, by their numbers, as bytes one behind the other: those that are written down elsewhere are read there.
struct ProgramStore {
  /// Has the programs before `base`; nil for one that it forgot.
  var library: ((_ number: Int) -> Genome?)?
  /// The number of the first program that is here.
  private var base = 0
  private var bytes: [UInt8] = []
  /// Where the bytes of each end.
  private var ends: [Int] = []

  mutating func append(_ program: Genome) {
    bytes += program.bytes
    ends.append(bytes.count)
  }

  /// Programs before this number that are not here are nowhere.
  mutating func skip(to number: Int) {
    while base + ends.count < number { ends.append(bytes.count) }
  }

  /// All are in the library, if there is one.
  mutating func forget() {
    guard library != nil else { return }
    base += ends.count
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  /// Nil for a program that a journal forgot.
  subscript(number: Int) -> Genome? {
    guard number >= base else { return library?(number) }
    let k = number - base
    return Genome(bytes: Array(bytes[(k == 0 ? 0 : ends[k - 1])..<ends[k]]))
  }
}
