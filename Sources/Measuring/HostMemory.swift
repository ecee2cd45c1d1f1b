import Platform
import Runtime

/// An array on a cache line of its own, with `value` at each place.
package func allocate(_ count: Int, _ value: (Int) -> Float) -> UnsafeMutablePointer<Float> {
  let pointer = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
    .bindMemory(to: Float.self, capacity: count)
  for i in 0..<count { pointer[i] = value(i) }
  return pointer
}

/// Parameters and gradients of some tensors as a host holds them, in the type of the parameters.
final class HostMemory {
  let counts: [Int]
  let parameters: [UnsafeMutableRawPointer]
  let gradients: [UnsafeMutableRawPointer]

  init(_ counts: [Int], _ type: ElementType) {
    self.counts = counts
    parameters = counts.map { Self.made($0, type, period: 97) }
    gradients = counts.map { Self.made($0, type, period: 89) }
  }

  /// Numbers between -1/2 and 1/2, and no zeros of which a rule could make infinities.
  private static func made(
    _ count: Int, _ type: ElementType, period: Int
  ) -> UnsafeMutableRawPointer {
    let pointer = UnsafeMutableRawPointer.allocate(
      byteCount: max(count * type.byteCount, 8), alignment: 64)
    for i in 0..<count {
      type.write((Double(i % period) + 0.25) / Double(period) - 0.5, to: pointer, i)
    }
    return pointer
  }

  deinit { for pointer in parameters + gradients { pointer.deallocate() } }
}

/// What this process holds of the machine's memory.
enum ResidentMemory {
  /// Bytes that are held now; nil where the system does not say.
  static var now: Int? { field("VmRSS:") }
  /// The most that were held since `reset`.
  static var peak: Int? { field("VmHWM:") }

  /// Has `peak` begin anew; false where the system cannot.
  static func reset() -> Bool {
    guard let file = fopen("/proc/self/clear_refs", "w") else { return false }
    let isWritten = fputs("5", file) >= 0
    return fclose(file) == 0 && isWritten
  }

  private static func field(_ name: String) -> Int? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let text = String(decoding: bytes, as: UTF8.self)
      guard text.hasPrefix(name) else { continue }
      return Int(text.dropFirst(name.count).drop { !$0.isNumber }.prefix { $0.isNumber })
        .map { $0 * 1024 }
    }
    return nil
  }
}
