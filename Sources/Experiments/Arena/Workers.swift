import Platform

/// Threads for work that comes in pieces.
enum Workers {
  /// Runs `body` on so many threads, this one included, and waits for all.
  static func run(_ count: Int, _ body: @escaping @Sendable () -> Void) {
    var threads: [pthread_t] = []
    for _ in 1..<max(1, count) {
      #if canImport(Darwin)
        var thread: pthread_t?
      #else
        var thread = pthread_t()
      #endif
      let work = Unmanaged.passRetained(Work(body))
      let status = pthread_create(
        &thread, nil,
        { pointer in
          #if canImport(Darwin)
            Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
          #else
            Unmanaged<Work>.fromOpaque(pointer!).takeRetainedValue().body()
          #endif
          return nil
        }, work.toOpaque())
      // With fewer threads it takes longer.
      guard status == 0 else {
        work.release()
        break
      }
      #if canImport(Darwin)
        threads.append(thread!)
      #else
        threads.append(thread)
      #endif
    }
    body()
    for thread in threads { pthread_join(thread, nil) }
  }

  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
