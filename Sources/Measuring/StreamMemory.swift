import CKernels
import Runtime

/// Arrays that passes of any shape go through with as good as no arithmetic: what memory can give.
final class StreamMemory {
  private var arrays: [(pointer: UnsafeMutableRawPointer, bytes: Int)] = []

  private static let hugePage = 2 << 20

  deinit { for array in arrays { array.pointer.deallocate() } }

  private func array(_ k: Int, _ bytes: Int) -> UnsafeMutablePointer<CChar> {
    while arrays.count <= k { arrays.append((.allocate(byteCount: 64, alignment: 64), 64)) }
    if arrays[k].bytes < bytes {
      arrays[k].pointer.deallocate()
      // The first two lie as a host's parameters and gradients do, the others as states.
      let isLarge = k >= 2 && bytes >= Self.hugePage
      arrays[k] = (
        .allocate(byteCount: bytes, alignment: isLarge ? Self.hugePage : 64), bytes
      )
      if isLarge { rv_advise_huge_pages(arrays[k].pointer, bytes) }
      arrays[k].pointer.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    }
    return arrays[k].pointer.assumingMemoryBound(to: CChar.self)
  }

  /// Makes the room for `traffic`, so that running it allocates nothing.
  func prepare(_ traffic: PlanTraffic) { for pass in traffic.passes { _ = streams(pass) } }

  private func streams(_ entry: (pass: PlanTraffic.Pass, count: Int)) -> [rv_stream] {
    let step = Int(RV_STREAM_STEP)
    let steps = (entry.count + step - 1) / step
    let (pass, kinds) = (entry.pass, [RV_STREAM_READ, RV_STREAM_UPDATE, RV_STREAM_WRITE])
    var result: [rv_stream] = []
    for (kind, widths) in zip(kinds, [pass.reads, pass.updates, pass.writes]) {
      for width in widths {
        result.append(
          rv_stream(
            at: array(result.count, steps * step * width), bytes: Int32(step * width),
            kind: Int32(kind.rawValue)))
      }
    }
    return result
  }

  /// Goes through arrays as the passes of a step do.
  func run(_ traffic: PlanTraffic, threads: Int) {
    for entry in traffic.passes {
      let streams = streams(entry)
      rv_run_streams(streams, Int32(streams.count), Int64(entry.count), Int32(threads))
    }
  }
}
