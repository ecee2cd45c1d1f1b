import Basics
import IR
import Platform

/// Makes a program that differs from another in one place. What comes out has operands before what reads them,
/// conditions where conditions belong, and nothing dead.
package struct Mutator: Sendable {
  package enum Kind: UInt8, CaseIterable, Sendable {
    case insert, delete, operand, operation, prime, state, number, wrap, graft
    /// No mutation: left out at the end, since validation does not miss it.
    case prune
  }

  package let functions: FunctionSet
  /// The most operations that a program may have.
  package let longest: Int
  /// Only numbers change: a control.
  package var onlyNumbers = false
  private let unary: [Operation]
  private let binary: [Operation]

  package init(_ functions: FunctionSet, longest: Int = 40) {
    self.functions = functions
    self.longest = min(longest, Genome.mostNodes)
    unary = functions.operations(ofArity: 1)
    binary = functions.operations(ofArity: 2)
  }

  /// Of the kinds how many in twenty are tried.
  private static let shares: [(kind: Kind, share: Int)] = [
    (.insert, 4), (.delete, 3), (.operand, 3), (.operation, 2), (.prime, 1), (.state, 1),
    (.number, 3), (.wrap, 2), (.graft, 1),
  ]

  /// A mutant and how it was made; nil where what was drawn cannot be done here. `donor` gives what is grafted.
  package func mutant(
    of parent: Genome, donor: Genome, _ random: inout SplitMix64
  ) -> (program: Genome, kind: Kind)? {
    var kind = Kind.number
    if !onlyNumbers {
      var drawn = random.below(Self.shares.reduce(0) { $0 + $1.share })
      for (k, share) in Self.shares {
        kind = k
        if drawn < share { break }
        drawn -= share
      }
    }
    var program = parent
    let isDone =
      switch kind {
      case .insert: insert(&program, &random)
      case .delete: delete(&program, &random)
      case .operand: operand(&program, &random)
      case .operation: operation(&program, &random)
      case .prime: prime(&program, &random)
      case .state: state(&program, &random)
      case .number: number(&program, &random)
      case .wrap: wrap(&program, &random)
      case .graft: graft(&program, donor, &random)
      case .prune: false
      }
    guard isDone else { return nil }
    let result = program.cleaned()
    guard result != parent, result.nodes.count <= longest else { return nil }
    return (result, kind)
  }

  // MARK: Drawing

  private func site(_ program: Genome, _ random: inout SplitMix64) -> Genome.Site {
    let sites = program.sites
    return sites[random.below(sites.count)]
  }

  /// A value that may stand at a site: half of the time one that is made before it, else a source or a number.
  private func value(
    _ program: inout Genome, before count: Int, _ random: inout SplitMix64
  ) -> Genome.Reference? {
    if count > 0, random.below(2) == 0 {
      let r = Genome.Reference.node(random.below(count))
      return program.isTruth(r) ? nil : r
    }
    switch random.below(8) {
    case 0, 1, 2: return .gradient
    case 3: return .weights
    case 4, 5:
      guard !program.states.isEmpty else { return .gradient }
      return .state(random.below(program.states.count))
    case 6: return freshNumber(&program, &random)
    default: return random.below(4) == 0 ? .rate : .gradient
    }
  }

  private func freshNumber(
    _ program: inout Genome, _ random: inout SplitMix64
  ) -> Genome.Reference? {
    let x: Double
    switch random.below(4) {
    case 0: x = Self.short(random.normal())
    // Shares of averages.
    case 1: x = Self.short(1 - exp2(-1 - 9 * random.unit()))
    case 2: x = [1, 2, 0.5, 0.1, 0.01][random.below(5)]
    default: x = Self.short(exp2(random.normal() * 2))
    }
    return program.number(x)
  }

  /// With three digits: numbers that a person can read, and fewer that differ in nothing.
  static func short(_ x: Double) -> Double {
    guard x != 0, x.isFinite else { return x }
    // Of a share near 1 what is missing to 1 has the digits.
    if x > 0.9, x < 1 {
      let rest = rounded(1 - x, digits: 2)
      return rounded(1 - rest, digits: 12)
    }
    return rounded(x, digits: 3)
  }

  private static func rounded(_ x: Double, digits: Int) -> Double {
    let exponent = Int(Platform.floor(log10(abs(x)))) + 1 - digits
    // By division where the power is negative: 10^-3 itself is rounded.
    if exponent >= 0 {
      let unit = pow(10, Double(exponent))
      return (x / unit).rounded() * unit
    }
    let unit = pow(10, Double(-exponent))
    return (x * unit).rounded() / unit
  }

  // MARK: Kinds

  private func insert(_ program: inout Genome, _ random: inout SplitMix64) -> Bool {
    let site = site(program, &random)
    guard program.nodes.count < longest, !program.wantsTruth(site) else { return false }
    let place = program.nodesBefore(site)
    let before = program[site]
    if program.isTruth(before) { return false }
    let total = unary.count + binary.count
    guard total > 0 else { return false }
    let drawn = random.below(total)
    var node: Genome.Node
    if drawn < unary.count {
      // Mostly of what stood there.
      let operand =
        random.below(4) > 0 ? before : value(&program, before: place, &random) ?? before
      node = Genome.Node(unary[drawn], operand)
    } else {
      guard let other = value(&program, before: place, &random) else { return false }
      let first = random.below(4) > 0 ? before : value(&program, before: place, &random) ?? before
      node = Genome.Node(binary[drawn - unary.count], first, other)
      if random.below(2) == 0 { swap(&node.a, &node.b) }
    }
    put([node], at: site, &program)
    return true
  }

  /// Puts nodes before a site, which reads the last of them.
  private func put(_ nodes: [Genome.Node], at site: Genome.Site, _ program: inout Genome) {
    let place = program.nodesBefore(site)
    program.insert(nodes, before: place)
    let last = Genome.Reference.node(place + nodes.count - 1)
    if case .operand(let i, let k) = site {
      program[.operand(node: i + nodes.count, k)] = last
    } else {
      program[site] = last
    }
  }

  private func delete(_ program: inout Genome, _ random: inout SplitMix64) -> Bool {
    guard !program.nodes.isEmpty else { return false }
    let i = random.below(program.nodes.count)
    let node = program.nodes[i]
    let operand = node[random.below(node.arity)]
    guard program.isTruth(.node(i)) == program.isTruth(operand) else { return false }
    program.replace(.node(i), by: operand)
    return true
  }

  private func operand(_ program: inout Genome, _ random: inout SplitMix64) -> Bool {
    let site = site(program, &random)
    guard !program.wantsTruth(site),
      let other = value(&program, before: program.nodesBefore(site), &random),
      other != program[site]
    else { return false }
    program[site] = other
    return true
  }

  private func operation(_ program: inout Genome, _ random: inout SplitMix64) -> Bool {
    guard !program.nodes.isEmpty else { return false }
    let i = random.below(program.nodes.count)
    let node = program.nodes[i]
    guard !program.isTruth(.node(i)), !program.wantsTruth(.operand(node: i, 0)),
      node.operation.isElementwise
    else { return false }
    let choices = node.arity == 1 ? unary : node.arity == 2 ? binary : []
    guard !choices.isEmpty else { return false }
    program.nodes[i].operation = choices[random.below(choices.count)]
    return program.nodes[i].operation != node.operation
  }

  /// Reads the new value of a state where the old one was read, or the other way round.
  private func prime(_ program: inout Genome, _ random: inout SplitMix64) -> Bool {
    guard !program.states.isEmpty else { return false }
    let k = random.below(program.states.count)
    let next = program.states[k].next
    let sites = program.sites.filter {
      switch $0 {
      case .state(k): false
      default: program[$0] == .state(k) || program[$0] == next
      }
    }
    guard !sites.isEmpty else { return false }
    let site = sites[random.below(sites.count)]
    if program[site] != .state(k) {
      program[site] = .state(k)
      return true
    }
    guard next.node ?? 0 < program.nodesBefore(site) || next.node == nil else { return false }
    program[site] = next
    return next != .state(k)
  }

  private func state(_ program: inout Genome, _ random: inout SplitMix64) -> Bool {
    if program.states.isEmpty || random.below(2) == 0 {
      let site = site(program, &random)
      guard !program.wantsTruth(site), !program.isTruth(program[site]) else { return false }
      return average(of: program[site], at: site, &program, &random)
    }
    // What read the state reads what it is made of.
    let k = random.below(program.states.count)
    let next = program.states[k].next
    var stand = Genome.Reference.gradient
    if let i = next.node {
      let operand = program.nodes[i][random.below(program.nodes[i].arity)]
      if operand.node == nil, operand != .state(k), operand.number == nil { stand = operand }
    }
    program.states[k].next = .state(k)
    program.replace(.state(k), by: stand)
    program.states[k].next = stand
    return true
  }

  /// Puts an exponential average of a value at a site, with a state of its own.
  private func average(
    of value: Genome.Reference, at site: Genome.Site, _ program: inout Genome,
    _ random: inout SplitMix64
  ) -> Bool {
    let place = program.nodesBefore(site)
    guard program.states.count < Genome.mostStates, program.nodes.count + 3 <= longest,
      program.isTensor(value, program.tensorNodes())
    else { return false }
    let share = Self.short(1 - exp2(-1 - 9 * random.unit()))
    guard let beta = program.number(share), let rest = program.number(Self.short(1 - share))
    else { return false }
    let k = program.states.count
    program.states.append(Genome.State(first: 0, isNumber: false, next: .state(k)))
    put(
      [
        Genome.Node(.multiply, beta, .state(k)), Genome.Node(.multiply, rest, value),
        Genome.Node(.add, .node(place), .node(place + 1)),
      ], at: site, &program)
    program.states[k].next = .node(place + 2)
    return true
  }

  private func number(_ program: inout Genome, _ random: inout SplitMix64) -> Bool {
    guard !program.numbers.isEmpty else { return false }
    let k = random.below(program.numbers.count)
    let x = program.numbers[k]
    var changed: Double
    if x > 0.5, x < 1 {
      // A decay: the length of its memory by a factor.
      changed = 1 - (1 - x) * exp2(random.normal())
      if changed <= 0 { changed = x / 2 }
    } else if random.below(8) == 0 {
      changed = random.normal()
    } else {
      changed = x * exp2(random.normal())
    }
    changed = Self.short(changed)
    guard changed.isFinite, changed != x else { return false }
    program.numbers[k] = changed
    // The weight of what is new in an average keeps its sum with the decay.
    if x > 0, x < 1, changed > 0, changed < 1, random.below(8) > 0,
      let other = program.numbers.firstIndex(where: { abs($0 - (1 - x)) < 1e-9 }), other != k
    {
      program.numbers[other] = Self.short(1 - changed)
    }
    return true
  }

  private func wrap(_ program: inout Genome, _ random: inout SplitMix64) -> Bool {
    let site = site(program, &random)
    let value = program[site]
    guard !program.wantsTruth(site), !program.isTruth(value) else { return false }
    let place = program.nodesBefore(site)
    let mayWrap = functions.operations.contains(.sign)
    let drawn = random.below(functions.composites.count + (mayWrap ? 1 : 0))
    guard program.nodes.count + 4 <= longest else { return false }
    if drawn == functions.composites.count {
      put([Genome.Node(.sign, value)], at: site, &program)
      return true
    }
    func node(_ i: Int) -> Genome.Reference { .node(place + i) }
    switch functions.composites[drawn] {
    case .square: put([Genome.Node(.multiply, value, value)], at: site, &program)
    case .cube:
      put(
        [Genome.Node(.multiply, value, value), Genome.Node(.multiply, node(0), value)], at: site,
        &program)
    case .ema: return average(of: value, at: site, &program, &random)
    case .interpolate:
      let share = Self.short(1 - exp2(-1 - 6 * random.unit()))
      guard let other = self.value(&program, before: place, &random),
        let beta = program.number(share), let rest = program.number(Self.short(1 - share))
      else { return false }
      put(
        [
          Genome.Node(.multiply, beta, other), Genome.Node(.multiply, rest, value),
          Genome.Node(.add, node(0), node(1)),
        ], at: site, &program)
    case .clip:
      guard let low = program.number(-1), let high = program.number(1) else { return false }
      put([Genome.Node(.clip, value, low, high)], at: site, &program)
    case .normalise:
      guard let small = program.number(1e-8) else { return false }
      put(
        [
          Genome.Node(.absolute, value), Genome.Node(.add, node(0), small),
          Genome.Node(.divide, value, node(1)),
        ], at: site, &program)
    case .norm:
      guard program.isTensor(value, program.tensorNodes()) else { return false }
      put(
        [
          Genome.Node(.multiply, value, value), Genome.Node(.sum, node(0)),
          Genome.Node(.squareRoot, node(1)),
        ], at: site, &program)
    }
    return true
  }

  /// Puts what another program makes on its way in place of a value. Its states come along.
  private func graft(
    _ program: inout Genome, _ donor: Genome, _ random: inout SplitMix64
  ) -> Bool {
    guard !donor.nodes.isEmpty else { return false }
    let site = site(program, &random)
    let root = Genome.Reference.node(random.below(donor.nodes.count))
    guard !program.wantsTruth(site), !donor.isTruth(root) else { return false }
    var part = donor
    part.weights = root
    part = part.cleaned()
    guard program.nodes.count + part.nodes.count <= longest,
      program.states.count + part.states.count <= Genome.mostStates
    else { return false }
    let place = program.nodesBefore(site)
    let states = program.states.count
    var lacksRoom = false
    func moved(_ r: Genome.Reference) -> Genome.Reference {
      if let i = r.node { return .node(place + i) }
      if let k = r.state { return .state(states + k) }
      guard let k = r.number else { return r }
      guard let number = program.number(part.numbers[k]) else {
        lacksRoom = true
        return r
      }
      return number
    }
    var nodes: [Genome.Node] = []
    for node in part.nodes {
      var node = node
      for k in 0..<node.arity { node[k] = moved(node[k]) }
      nodes.append(node)
    }
    let next = part.states.map { moved($0.next) }
    if lacksRoom { return false }
    // What a part reads is in it or a source: the states are made behind it.
    put(nodes, at: site, &program)
    for (k, state) in part.states.enumerated() {
      program.states.append(
        Genome.State(first: state.first, isNumber: state.isNumber, next: next[k]))
    }
    return true
  }
}

extension SplitMix64 {
  /// A whole number from 0 to below `count`, which is at least 1.
  mutating func below(_ count: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(count)).high)
  }
}
