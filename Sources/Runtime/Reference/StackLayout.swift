import IR

/// The matrices of two stacks that a product multiplies, axes in front stretched to each other.
struct StackLayout {
  let rows: Int
  let depth: Int
  let columns: Int
  /// How many products there are, and which matrix of each operand each takes.
  let count: Int
  let left: BroadcastIndex
  let right: BroadcastIndex

  init(_ a: [Int], _ b: [Int], _ result: [Int]) {
    rows = a[a.count - 2]
    depth = a[a.count - 1]
    columns = b[b.count - 1]
    let front = Array(result.dropLast(2))
    count = Lengths.product(front)
    left = BroadcastIndex(from: Array(a.dropLast(2)), to: front)
    right = BroadcastIndex(from: Array(b.dropLast(2)), to: front)
  }
}
