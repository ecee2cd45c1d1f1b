import Basics
import IR

extension Rule {
  /// The default of a hyperparameter that was not given, where it is a plain number.
  package func plainDefault(_ k: Int) -> Double? {
    guard !origins[k].isGiven, let value = module.defaults.output(.hyper(k)) else { return nil }
    return module.defaults.knownNumber(value)
  }

  /// The rule with its ε and the constants that only keep divisors from 0 at 0; their names go to
  /// `names`.
  package func withoutEpsilon(_ names: inout [String]) -> Rule {
    var result = self
    func clear(_ function: inout Function, _ names: inout [String]) {
      for (k, x) in function.constants.enumerated() where x != 0 && abs(x) <= 1e-5 {
        let exact = Rational(literal: x)?.description ?? ""
        let text = 1...12 ~= exact.count ? exact : NumberText.shortest(x)
        if !names.contains(text) { names.append(text) }
        function.constants[k] = 0
      }
      for k in function.loops.indices { clear(&function.loops[k].body, &names) }
    }
    for v in result.module.variants.indices { clear(&result.module.variants[v].update, &names) }
    for (k, hyper) in module.hypers.enumerated()
    where isEpsilon(hyper.name) && plainDefault(k).map({ $0 != 0 && $0 <= 1e-3 }) ?? false {
      result = result.with(k, at: 0)
      let name = Self.shortKey(hyper.name)
      if !names.contains(name) { names.append(name) }
    }
    return result
  }

  /// The name without the rules that it stands in.
  package static func shortKey(_ key: String) -> String {
    String(key.split(separator: ".").last ?? Substring(key))
  }
}
