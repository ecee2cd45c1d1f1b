import Basics
import Diagnostics

/// What other libraries call the functions and values that the language has, and how it is written here.
package enum ForeignNames {
  /// Modules whose functions are called through their names.
  static let modules: Set<String> = [
    "np", "numpy", "jnp", "jax", "torch", "tf", "math", "nn", "functional", "F", "linalg", "lax",
    "K", "cupy", "scipy",
  ]

  /// The call as it is written here, from the texts of its arguments; nil where it is not known.
  package static func call(_ name: String, _ arguments: [String]) -> String? {
    var name = name
    // In place, as PyTorch has it.
    while name.hasSuffix("_"), name.count > 1 { name.removeLast() }
    let written = arguments.map(operand)
    func binary(_ sign: String) -> String? {
      written.count == 2 ? "\(written[0]) \(sign) \(written[1])" : nil
    }
    func renamed(_ own: String, _ counts: ClosedRange<Int>) -> String? {
      counts.contains(arguments.count) ? "\(own)(\(arguments.joined(separator: ", ")))" : nil
    }
    switch (name, arguments.count) {
    case ("where", 3), ("select", 3):
      return "if \(arguments[0]) then \(arguments[1]) else \(arguments[2])"
    case ("pow", 2), ("power", 2), ("float_power", 2): return "\(written[0])^\(written[1])"
    case ("zeros_like", 1): return "0"
    case ("ones_like", 1): return "1"
    case ("full_like", 2): return arguments[1]
    case ("rsqrt", 1): return "1 / sqrt(\(arguments[0]))"
    case ("reciprocal", 1): return "1 / \(written[0])"
    case ("neg", 1), ("negative", 1): return "-\(written[0])"
    case ("t", 1), ("swapaxes", 3), ("permute", 3): return "\(written[0]).T"
    case ("item", 1), ("clone", 1), ("detach", 1), ("copy", 1), ("contiguous", 1), ("float", 1):
      return arguments[0]
    case ("size", 1), ("numel", 1): return "numel"
    case ("len", 1): return "numel(\(arguments[0]))"
    // An expression alone is printed.
    case ("print", 1...), ("println", 1...), ("printf", 1...), ("echo", 1...):
      return arguments.map { $0.first == "\"" ? "# " + $0.dropFirst().dropLast() : $0 }
        .joined(separator: "; ")
    case ("norm", 2) where arguments[1] == "1": return "sum(abs(\(arguments[0])))"
    case ("norm", 2) where arguments[1] == "2": return "norm(\(arguments[0]))"
    case ("norm", 2) where arguments[1].contains("inf"): return "max(abs(\(arguments[0])))"
    default: break
    }
    switch name {
    case "maximum", "fmax", "amax": return renamed("max", 1...2)
    case "minimum", "fmin", "amin": return renamed("min", 1...2)
    case "clamp", "clip_by_value": return renamed("clip", 3...3)
    case "clip_by_norm", "clip_by_global_norm", "clip_grad_norm": return renamed("clip_norm", 2...2)
    case "ln", "log_e": return renamed("log", 1...1)
    case "fabs", "absolute": return renamed("abs", 1...1)
    case "sgn", "signum": return renamed("sign", 1...1)
    case "asin", "acos", "atan": return renamed("arc" + name.dropFirst(), 1...1)
    case "atan2": return renamed("arctan2", 2...2)
    case "expit": return renamed("sigmoid", 1...1)
    case "average": return renamed("mean", 1...1)
    case "mse_loss": return renamed("mean_squared_error", 2...2)
    case "binary_cross_entropy_with_logits": return renamed("binary_cross_entropy", 2...2)
    case "randn_like": return "normal()"
    case "rand_like": return "uniform()"
    case "multiply", "mul": return binary("*")
    case "add": return binary("+")
    case "subtract", "sub": return binary("-")
    case "divide", "div", "true_divide", "truediv": return binary("/")
    case "matmul", "mm", "bmm": return binary("@")
    case "remainder", "fmod": return binary("mod")
    case "logical_and": return binary("and")
    case "logical_or": return binary("or")
    default: return nil
    }
  }

  /// What a value of this name is here.
  package static func value(_ name: String) -> (own: String?, note: String)? {
    switch name {
    case "grad", "gradient", "d_p", "dw", "dp": ("g", "the gradient is `g`")
    case "param", "params", "p", "weight", "weights", "theta", "parameters":
      ("w", "the parameter is `w`, and `w'` what the step makes of it")
    case "step", "iteration", "iter", "epoch", "global_step", "num_steps":
      ("t", "the number of the step is `t`, from 1; `T` is that of the last")
    case "total_steps", "max_steps", "num_training_steps":
      ("T", "the number of the last step is `T`")
    case "None", "null", "nil":
      ("0", "there is no empty value: a state has a first value, 0 where none is given")
    case "True", "true": ("1 == 1", "a condition is written out")
    case "False", "false": ("1 == 0", "a condition is written out")
    case "exp_avg", "momentum_buffer", "exp_avg_sq", "mu", "nu", "buf", "velocity":
      (nil, "memory between steps is declared: `state \(name)`")
    case "weight_decay", "wd", "betas", "momentum", "eps", "learning_rate", "dampening":
      (nil, "hyperparameters stand in the header: `rule A(lr = 1e-3, \(hyper(name)[0]) = …)`")
    default: nil
    }
  }

  /// What hyperparameters of this name are called here, the likeliest first.
  package static func hyper(_ name: String) -> [String] {
    switch name {
    case "weight_decay", "wd", "l2", "decay", "lambda", "lambd", "reg": ["λ"]
    case "eps", "epsilon", "delta": ["ε"]
    case "betas", "beta", "b1": ["β1", "β"]
    case "b2": ["β2"]
    case "momentum", "mu", "mom": ["μ", "β", "β1"]
    case "learning_rate", "alpha", "step_size", "eta", "rate": ["lr"]
    case "dampening": ["damping", "τ"]
    case "max_norm", "max_grad_norm", "clip": ["c"]
    default: [name]
    }
  }

  /// What stands in the place of a call: in parentheses where an operator beside the call would take a part of it.
  package static func placed(_ text: String, at span: Span, in file: SourceFile) -> String {
    let bytes = file.bytes
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    func byte(_ k: Int) -> Character? {
      bytes.indices.contains(k) ? Character(Unicode.Scalar(bytes[k])) : nil
    }
    var before = Int(span.start - file.base) - 1
    while before >= 0, isBlank(bytes[before]) { before -= 1 }
    var after = Int(span.end - file.base)
    while after < bytes.count, isBlank(bytes[after]) { after += 1 }
    let isAssigned = byte(before) == "=" && !(byte(before - 1).map { "=<>!".contains($0) } ?? false)
    let isFreeBefore = isAssigned || byte(before).map { "([{,\n".contains($0) } ?? true
    let isFreeAfter = byte(after).map { ")]},\n\r#".contains($0) } ?? true
    return isFreeBefore && isFreeAfter ? text : operand(text)
  }

  /// An argument as an operand: in parentheses where it is more than one.
  private static func operand(_ text: String) -> String {
    let isOne = text.allSatisfy {
      $0.isLetter || $0.isNumber || $0 == "_" || $0 == "'" || $0 == "." || $0 == "ε"
    }
    let isCall =
      text.hasSuffix(")") && text.first.map { $0.isLetter } ?? false
      && text.firstIndex(of: "(").map { open in
        // One call, not two with a sign between them.
        var depth = 0
        for (k, c) in text[open...].enumerated() {
          if c == "(" { depth += 1 }
          if c == ")" { depth -= 1 }
          if depth == 0 { return k == text[open...].count - 1 }
        }
        return false
      } ?? false
    return isOne || isCall ? text : "(\(text))"
  }
}
