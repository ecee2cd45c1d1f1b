import Basics

/// The programs of a front, as parents: what keeps fewer numbers is mostly worse before it is better, and would not live long in
/// a population that is judged by its loss.
struct FrontMembers {
  private var front = ParetoFront()
  private var members: [Int: Evolution.Member] = [:]

  mutating func add(_ record: ProgramRecord, of restart: Int) {
    guard front.add(record.point(of: restart)) else { return }
    members[record.number] = Evolution.Member(record)
    if members.count > front.points.count {
      let numbers = Set(front.points.map(\.number))
      members = members.filter { numbers.contains($0.key) }
    }
  }

  /// The better of two with the same count of numbers kept, each count being as likely; nil where there is none.
  func member(_ random: inout SplitMix64) -> Evolution.Member? {
    let counts = Set(front.points.map(\.states)).sorted()
    guard !counts.isEmpty else { return nil }
    let states = counts[random.below(counts.count)]
    let alike = front.points.filter { $0.states == states }
    let drawn = [0, 1].map { _ in alike[random.below(alike.count)] }
    return members[drawn[drawn[0].score <= drawn[1].score ? 0 : 1].number]
  }
}
