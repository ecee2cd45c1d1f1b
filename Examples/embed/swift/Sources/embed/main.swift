import Ravine

// A rule of a text, bound to two tensors: some steps, a hyperparameter, a state by name.
let rule = try Rule(
  source: """
    rule MyAdamW(lr = 0.1, β1 = 0.9, β2 = 0.999, ε = 1e-8, λ = 0.01) {
        state m, v
        m' = ema(m, g, β1)
        v' = ema(v, g^2, β2)
        w' = w - lr * (debias(m', β1) / (sqrt(debias(v', β2)) + ε) + λ * w)
    }
    """, call: "MyAdamW(lr = 0.05)")
let parameters = [
  ParameterSpec(name: "kernel", dims: [2, 2]), ParameterSpec(name: "bias", dims: [3]),
]
let optimizer = try rule.bind(to: parameters)
var weights: [[Float]] = [[1, 2, 3, 4], [-1, 0, 1]]
try optimizer.initialise(&weights)
for _ in 1...3 {
  // The gradient of ½|w|² is w.
  try optimizer.step(&weights, gradients: weights)
}
print("after \(optimizer.stepCount) steps:", weights)
print("m of bias:", optimizer.state("m", of: 1) ?? [])

// A checkpoint: another optimizer goes on with the same bits.
let file = "embed.safetensors"
try optimizer.save(to: file)
let other = try rule.bind(to: parameters)
var copy = weights
try other.initialise(&copy)
try other.load(from: file)
try optimizer.step(&weights, gradients: weights)
try other.step(&copy, gradients: copy)
print("the same bits:", copy == weights)

// Is it a rule that comes along? And what is wrong with a third?
let compiler = Compiler()
_ = compiler.add(rule.source, name: "mine.opt")
print(try compiler.compare("MyAdamW", "AdamW(lr = 0.05, λ = 0.01)").headline)
do {
  _ = try Rule(source: "rule Bad(lr = 0.1) {\n    w' = w - lr * gg\n}\n", name: "bad.opt")
} catch {
  for diagnostic in error.diagnostics { print(diagnostic.rendered()) }
}
