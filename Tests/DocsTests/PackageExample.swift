import Ravine

/// Walks to the minimum of ½|w|², whose gradient is w.
func walkDownhill() throws -> [Float] {
  let compiler = Compiler()
  let text = """
    rule MyRule(lr = 1e-3 in [0, inf), β = 0.9 in [0, 1)) {
        state m
        m' = ema(m, g, β)
        w' = w - lr * sign(m')
    }
    """
  for diagnostic in compiler.add(text, name: "my-rule.opt") { print(diagnostic) }
  let rule = try compiler.rule("MyRule(lr = cosine(0.1))")
  let optimizer = try Optimizer(
    rule, parameters: [ParameterSpec(name: "w", dims: [2])], horizon: 100)

  var w: [[Float]] = [[1, -2]]
  try optimizer.initialise(&w)
  for _ in 1...optimizer.horizon { try optimizer.step(&w, gradients: w) }
  return w[0]
}
