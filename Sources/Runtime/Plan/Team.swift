import CKernels

/// The threads of this process.
package enum Threads {
  /// How many an optimizer or objective uses that is not told: RAVINE_THREADS, or the cores that the
  /// affinity and the control group of the process leave it. Setting it counts for those made later.
  package static var preferred: Int {
    get { Int(rv_default_threads()) }
    set { rv_set_default_threads(Int32(clamping: newValue)) }
  }

  /// The cores that this process may use.
  package static var cores: Int { Int(rv_usable_cores()) }

  /// Does `items` items with at most `threads` threads, the one that asks included: `body` gets an item
  /// and which of the threads does it.
  package static func run(
    _ items: Int, on threads: Int, _ body: @escaping @Sendable (_ item: Int, _ thread: Int) -> Void
  ) {
    let job = Job(body)
    let context = Unmanaged.passUnretained(job).toOpaque()
    let isShared = rv_pool_run(
      Int32(threads), Int64(items),
      { context, item, participant in
        let job = Unmanaged<Job>.fromOpaque(context!).takeUnretainedValue()
        job.body(Int(item), Int(participant))
      }, context)
    if isShared == 0 {
      for item in 0..<items { body(item, 0) }
    }
    withExtendedLifetime(job) {}
  }

  private final class Job {
    let body: @Sendable (Int, Int) -> Void
    init(_ body: @escaping @Sendable (Int, Int) -> Void) { self.body = body }
  }
}

/// How work is cut for threads. The results depend on `block`, and on nothing else here.
package struct Cutting: Sendable {
  /// Elements of a block of a pass; measured: a smaller one pays for its start, a larger one leaves
  /// threads idle.
  var block = 16_384
  /// Elements times instructions below which no thread is woken: some 20 microseconds, in which one
  /// that sleeps would hardly have come.
  var worth = 250_000

  package static let usual = Cutting()
}

/// The threads that share the work of one optimizer: how many, and scratch memory for each in which it
/// runs the blocks of passes.
final class Team {
  /// Including the one that calls.
  let threads: Int
  let pointer: UnsafeMutablePointer<rv_team>
  private let scratch: UnsafeMutablePointer<rv_scratch>
  private var sizes = (scratch: 64, cursors: 1, scalars: 1)

  /// `threads` nil: `Threads.preferred`.
  init(threads: Int?, worth: Int = Cutting.usual.worth) {
    let asked = threads ?? Threads.preferred
    self.threads = min(max(asked, 1), Int(RV_MAX_THREADS))
    scratch = .allocate(capacity: self.threads)
    scratch.initialize(repeating: rv_scratch(), count: self.threads)
    pointer = .allocate(capacity: 1)
    pointer.initialize(
      to: rv_team(threads: Int64(self.threads), worth: Int64(worth), scratch: scratch))
  }

  func reserve(_ plan: Plan) {
    sizes.scratch = max(sizes.scratch, plan.scratchBytes)
    sizes.cursors = max(sizes.cursors, plan.cursorCount)
    sizes.scalars = max(sizes.scalars, plan.registerCount)
    for loop in plan.loops { reserve(loop.body) }
  }

  /// Makes their scratch memory, and starts the threads, once all plans have reserved.
  func assemble() {
    if threads == 1 { return }
    free()
    for k in 0..<threads {
      let chunks = UnsafeMutableRawPointer.allocate(byteCount: sizes.scratch, alignment: 64)
      scratch[k] = rv_scratch(
        chunks: chunks.assumingMemoryBound(to: CChar.self),
        cursors: .allocate(capacity: sizes.cursors), scalars: .allocate(capacity: sizes.scalars))
    }
    rv_pool_prepare(Int32(threads))
  }

  private func free() {
    for k in 0..<threads where scratch[k].chunks != nil {
      UnsafeMutableRawPointer(scratch[k].chunks).deallocate()
      scratch[k].cursors.deallocate()
      scratch[k].scalars.deallocate()
    }
  }

  deinit {
    free()
    scratch.deallocate()
    pointer.deallocate()
  }
}
