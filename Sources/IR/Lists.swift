/// `[a, b, c]` is a sum of `placeSlice`, one for each entry, from the first to the last.
extension Function {
  /// The entries of a complete list.
  package func listItems(_ id: ValueID) -> [ValueID]? {
    let items = listEntries(id)
    return items.count == listLength(id) ? items : nil
  }

  /// A part of a list where no list is made of it; nil where all lists are complete.
  func looseListPart() -> ValueID? {
    func isPart(_ id: ValueID) -> Bool {
      listEntry(id) != nil || !listEntries(id).isEmpty && listItems(id) == nil
    }
    guard instructions.contains(where: { $0.operation == .placeSlice }) else { return nil }
    for i in instructions.indices where listEntries(ValueID(i)).count < 2 {
      if let part = operands(ValueID(i)).first(where: isPart), listLength(part) != 1 { return part }
    }
    return outputs.map(\.value).first { isPart($0) && listItems($0) == nil }
  }

  /// The entries of a list of which the last may be missing; empty for what is no list.
  private func listEntries(_ id: ValueID) -> [ValueID] {
    if listEntry(id) == 0 { return [self[id].a] }
    guard self[id].operation == .add, let place = listEntry(self[id].b) else { return [] }
    let before = listEntries(self[id].a)
    return before.count == place ? before + [self[self[id].b].a] : []
  }

  /// The place of the entry that a value is.
  private func listEntry(_ id: ValueID) -> Int? {
    guard self[id].operation == .placeSlice, listLength(id) != nil,
      let place = slices[Int(self[id].attribute)].first, place.isDropped,
      slices[Int(self[id].attribute)].dropFirst().allSatisfy({ $0 == .full })
    else { return nil }
    return place.start
  }

  private func listLength(_ id: ValueID) -> Int? {
    let shape = type(id).shape
    return shape.axes.isEmpty && shape.rank > 0 && shape[0].isFixed ? shape[0].value : nil
  }
}
