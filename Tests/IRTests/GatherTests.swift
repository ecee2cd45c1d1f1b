import Testing

@testable import IR

/// `gather` takes as many rows as there are places, whichever way the places lie.
@Suite struct GatherTests {
  private func rows(_ index: [Extent]) throws -> Shape {
    try ShapeRules.infer(
      .gather, [.like, ValueType(.real, Shape(index))]
    ).shape
  }

  @Test func placesInARowOrAColumn() throws {
    let five = Shape([.fixed(5), .cols])
    #expect(try rows([.fixed(5)]) == five)
    #expect(try rows([.fixed(5), .fixed(1)]) == five)
    #expect(try rows([.fixed(1), .fixed(5)]) == five)
  }

  @Test func onePlace() throws {
    let one = Shape([.fixed(1), .cols])
    #expect(try rows([]) == one)
    #expect(try rows([.fixed(1)]) == one)
    #expect(try rows([.fixed(1), .fixed(1)]) == one)
  }

  @Test func placesAsManyAsSymbolsSay() throws {
    #expect(try rows([.fixed(1), .cols]) == Shape([.cols, .cols]))
    #expect(try rows([.rows]) == .like)
    #expect(try rows([.rows, .fixed(1)]) == .like)
  }
}
