import Ravine

// A rule from text, two tensors, three steps, a state; then a rule that is wrong.
let compiler = Compiler()
let text = """
  rule MyAdamW(lr = 0.1, β1 = 0.9, β2 = 0.999, ε = 1e-8, λ = 0.01) {
      state m, v
      m' = ema(m, g, β1)
      v' = ema(v, g^2, β2)
      w' = w - lr * (debias(m', β1) / (sqrt(debias(v', β2)) + ε) + λ * w)
  }
  """
for diagnostic in compiler.add(text, name: "mine.opt") { print(diagnostic.rendered()) }

let optimizer = try Optimizer(
  try compiler.rule("MyAdamW(lr = 0.05)"),
  parameters: [
    ParameterSpec(name: "kernel", dims: [2, 2]), ParameterSpec(name: "bias", dims: [3]),
  ])
var weights: [[Float]] = [[1, 2, 3, 4], [-1, 0, 1]]
try optimizer.initialise(&weights)
for _ in 1...3 {
  // The gradient of ½|w|² is w.
  try optimizer.step(&weights, gradients: weights)
}
print("after \(optimizer.stepCount) steps:", weights)
print("m of bias:", optimizer.state("m", of: 1) ?? [])
print(try compiler.compare("MyAdamW", "AdamW(lr = 0.1, λ = 0.01)").headline)

let broken = Compiler().add("rule Bad(lr = 0.1) {\n    w' = w - lr * gg\n}\n", name: "bad.opt")
for diagnostic in broken { print(diagnostic.rendered()) }
