import Checkpoints
import Files
import Runtime

/// Arrays of numbers that a checkpoint takes along beside the tensors of its optimizer.
final class KeptNumbers {
  private var arrays: [(name: String, memory: TensorMemory)] = []

  func add(_ name: String, _ values: [Double]) {
    let memory = TensorMemory([values.count], .float64)
    memory.write(values, to: 0)
    arrays.append((name, memory))
  }

  /// As tensors of a file, for as long as this is there.
  var parts: [Safetensors.Part] {
    arrays.map { name, memory in
      Safetensors.Part(
        name: name, element: "F64", shape: [memory.counts[0]],
        bytes: UnsafeRawBufferPointer(start: memory.pointers[0], count: memory.counts[0] * 8))
    }
  }

  /// Nil where the file has no such array.
  static func read(_ name: String, _ count: Int, of checkpoint: Checkpoint) -> [Double]? {
    checkpoint.withExtra(name, element: "F64", shape: [count]) { bytes in
      (0..<count).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
    }
  }
}
