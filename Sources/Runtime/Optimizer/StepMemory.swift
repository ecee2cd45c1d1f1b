import CKernels
import Diagnostics
import IR

/// A piece of memory that one step leaves to the next, as a checkpoint keeps it.
package struct StepMemory {
  package enum Kind: String, Sendable { case state, input, view }

  package let kind: Kind
  /// Nil for a state of the whole optimizer.
  package let tensor: Int?
  package let name: String
  /// Of numbers in blocks, which two pieces hold: `scales` or `codes`.
  package let part: String?
  package let shape: [Int]
  /// The storage of the state, in words: of eight bits, which map and which blocks.
  package let format: String
  /// `F32`, as safetensors names it.
  package let element: String
  package let bytes: UnsafeMutableRawBufferPointer
}

extension TensorMemory.Region {
  /// `lengths` are those that the host knows.
  fileprivate func pieces(
    _ kind: StepMemory.Kind, tensor: Int?, lengths: [Int]
  ) -> [StepMemory] {
    func piece(
      _ part: String?, _ shape: [Int], _ element: String, from first: Int, _ byteCount: Int
    ) -> StepMemory {
      StepMemory(
        kind: kind, tensor: tensor, name: name, part: part, shape: shape, format: format.name,
        element: element,
        bytes: UnsafeMutableRawBufferPointer(start: pointer + first, count: byteCount))
    }
    guard format.isInBlocks else {
      return [piece(nil, lengths, format.safetensorsName, from: 0, layout.byteCount)]
    }
    // Scales stand in front.
    let blocks = (count + format.block - 1) / format.block
    let codes = layout.byteCount - 4 * blocks
    return [
      piece("scales", [blocks], "F32", from: 0, 4 * blocks),
      piece("codes", [codes], "U8", from: 4 * blocks, codes),
    ]
  }
}

extension SlotFormat {
  var safetensorsName: String {
    switch rv_element(UInt32(element)) {
    case RV_F64: "F64"
    case RV_F32: "F32"
    case RV_BF16: "BF16"
    case RV_F16: "F16"
    default: "U8"
    }
  }
}

extension ElementType {
  /// `F32`, as safetensors names it.
  package var safetensorsName: String { format.safetensorsName }
}

/// What else changes while an optimizer runs.
package struct StepClock: Sendable {
  package struct Hyper: Sendable {
    package var name: String
    package var value: Double
    /// Whether the host set it in the place of what the rule says.
    package var isSet: Bool

    package init(name: String, value: Double, isSet: Bool) {
      self.name = name
      self.value = value
      self.isSet = isSet
    }
  }

  package var stepCount: Int
  package var skippedSteps: Int
  package var seed: UInt64
  package var horizon: Int
  package var hypers: [Hyper]

  package init(
    stepCount: Int, skippedSteps: Int, seed: UInt64, horizon: Int, hypers: [Hyper]
  ) {
    self.stepCount = stepCount
    self.skippedSteps = skippedSteps
    self.seed = seed
    self.horizon = horizon
    self.hypers = hypers
  }
}

extension Optimizer {
  /// All pieces, each once: states, inputs, and views as the last step left them.
  package var stepMemory: [StepMemory] {
    var pieces: [StepMemory] = []
    var seen: Set<String> = []
    for (k, tensor) in tensors.enumerated() {
      for state in tensor.memory.states {
        if state.layout.isGlobal, !seen.insert(state.name).inserted { continue }
        pieces += state.pieces(
          .state, tensor: state.layout.isGlobal ? nil : k, lengths: hostShape(state.shape, of: k))
      }
      for input in tensor.memory.inputs {
        pieces += input.pieces(.input, tensor: k, lengths: hostShape(input.shape, of: k))
      }
      for view in tensor.memory.views {
        pieces += view.pieces(.view, tensor: k, lengths: hostShape(view.shape, of: k))
      }
    }
    return pieces
  }

  /// Whether the host has given an input.
  package func hasInput(_ name: String, of tensor: Int) -> Bool {
    tensors[tensor].memory.isGiven(name)
  }

  /// Says that `stepMemory` of an input was written.
  package func noteInput(_ name: String, of tensor: Int) { tensors[tensor].memory.noteGiven(name) }

  /// Says that nobody has given an input.
  package func forgetInput(_ name: String, of tensor: Int) {
    tensors[tensor].memory.noteMissing(name)
  }

  package var clock: StepClock {
    StepClock(
      stepCount: stepCount, skippedSteps: skippedSteps, seed: seed, horizon: horizon,
      hypers: hypers.clock)
  }
}
