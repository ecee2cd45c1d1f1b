import Driver
import IR
import Laboratory
import Runtime
import Testing
import Zoo

/// What the cost sheet says of a rule's states is what is allocated, for every rule of the zoo.
@Suite struct StateMemoryTests {
  @Test(arguments: RoundTripTests.zoo)
  func theSheetIsTheMemory(_ rule: String) throws {
    var compared = 0
    for dims in [[37, 11], [36, 12], [65], []] {
      let instance = try Compiler().rule(rule)
      let spec = ParameterSpec(name: "w", dims: dims)
      guard
        let description = try? RuleDescription(instance, parameters: [spec]),
        let optimizer = try? Optimizer(
          instance, parameters: [spec], axes: AxisLengths(batch: 1, groups: 1))
      else { continue }
      compared += 1
      let sheet = description.placements[0]
      let globals = description.variants.map { $0.sheet.globalStateBytes.constant }
      let variant = optimizer.variant(of: 0).index
      #expect(
        Double(optimizer.stateByteCount) == sheet.stateBytes + (globals[variant] ?? .nan),
        "\(rule) \(dims)")
    }
    #expect(compared > 0)
  }
}
