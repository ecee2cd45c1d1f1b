import Basics
import CRavine
import Diagnostics
import IR
import Laboratory
import Ravine
import Runtime

/// What a rule and an optimizer are, as JSON for bindings in other languages.
enum Manifest {
  static func of(_ rule: Ravine.Rule) throws -> JSONValue {
    let sheet = try ShownError.showing(rule.sources) {
      () throws(Diagnostics.DiagnosticError) in
      try RuleDescription(rule.value)
    }
    let module = rule.value.module
    let bindings = rule.value.bindings
    let hypers = sheet.hypers.enumerated().map { k, hyper -> JSONValue in
      let isRequired = if case .missing = bindings[k] { true } else { false }
      return .record([
        "name": .string(hyper.name), "key": .string(module.hypers[k].key),
        "value": .number(hyper.value), "isSchedule": .bool(hyper.isSchedule),
        "isStructural": .bool(hyper.isStructural), "isRequired": .bool(isRequired),
        "domain": hyper.domain.map { .string($0.description) } ?? .null,
      ])
    }
    let variants = module.variants.map { variant -> JSONValue in
      .record([
        "path": .array(variant.path.map { .string($0) }),
        "states": .array(variant.states.map { .string($0.name) }),
        "inputs": .array(variant.inputs.map { .string($0.name) }),
      ])
    }
    return .record([
      "name": .string(module.name), "label": .string(rule.label), "source": .string(rule.source),
      "documentation": .array(module.documentation.map { .string($0) }),
      "structure": .string(sheet.structure.description),
      "identity": .string(sheet.identity.description), "guardsFinite": .bool(module.guardsFinite),
      "hyperparameters": .array(hypers), "variants": .array(variants),
    ])
  }

  static func of(_ optimizer: Ravine.Optimizer) -> JSONValue {
    let views = JSONValue.array(optimizer.viewNames.map { .string($0) })
    func slots(_ names: [String], _ shape: (String) -> [Int]?) -> JSONValue {
      .array(
        names.map { name in
          .record([
            "name": .string(name), "shape": .array((shape(name) ?? []).map { .int($0) }),
          ])
        })
    }
    let tensors = optimizer.parameters.enumerated().map { k, parameter -> JSONValue in
      .record([
        "name": .string(parameter.name), "shape": .array(parameter.dims.map { .int($0) }),
        "route": .array(optimizer.runtime.variant(of: k).path.map { .string($0) }),
        "states": slots(optimizer.stateNames(of: k)) { optimizer.stateShape($0, of: k) },
        "inputs": slots(optimizer.inputNames(of: k)) { optimizer.inputShape($0, of: k) },
      ])
    }
    let hypers = optimizer.hyperparameterNames.map { name -> JSONValue in
      .record([
        "name": .string(name), "value": .number(optimizer.hyperparameter(name) ?? .nan),
      ])
    }
    return .record([
      "rule": .string(optimizer.rule.label), "type": .string(optimizer.elementType.rawValue),
      "engine": .string(optimizer.runtime.engine.rawValue),
      "compiledPasses": .int(optimizer.runtime.passCount.compiled),
      "passes": .int(optimizer.runtime.passCount.all), "threads": .int(optimizer.runtime.threads),
      "seed": .string(String(optimizer.seed)), "horizon": .int(optimizer.horizon),
      "step": .int(optimizer.stepCount), "skipped": .int(optimizer.skippedSteps),
      "stateBytes": .int(optimizer.stateByteCount),
      "needsGradient": .bool(optimizer.needsGradient), "needsLoss": .bool(optimizer.needsLoss),
      "needsObjective": .bool(optimizer.needsObjective), "hyperparameters": .array(hypers),
      "tensors": .array(tensors), "views": views,
      "memory": optimizer.memory.map { .array($0.places.map(place)) } ?? .null,
    ])
  }

  private static func place(_ place: HostMemory.Place) -> JSONValue {
    .record([
      "kind": .string(place.kind.rawValue), "tensor": place.tensor.map { .int($0) } ?? .null,
      "name": .string(place.name), "shape": .array(place.shape.map { .int($0) }),
      "storage": .string(place.format), "element": .string(place.element),
      "bytes": .int(place.byteCount),
    ])
  }
}

@c @implementation
public func ravine_rule_manifest(
  _ rule: ravine_rule, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  Outcome.done {
    let place = try Crossing.place(json, "json")
    Crossing.give(try Manifest.of(HeldRule.of(rule)).line, to: place)
  }
}

@c @implementation
public func ravine_manifest(
  _ optimizer: ravine_optimizer, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    let place = try Crossing.place(json, "json")
    Crossing.give(Manifest.of(held.optimizer).line, to: place)
  }
}

@c @implementation
public func ravine_warnings(
  _ optimizer: ravine_optimizer, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  HeldOptimizer.use(optimizer) { held in
    let place = try Crossing.place(json, "json")
    Crossing.give(Ravine.Diagnostic.json(held.optimizer.warnings), to: place)
  }
}
