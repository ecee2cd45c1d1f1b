import Platform

/// Times of this process.
package enum Clock {
  /// Seconds on a clock that only goes forward.
  package static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  /// Seconds that this process, and the children that it waited for, computed.
  package static var computing: Double {
    func total(_ who: Int32) -> Double {
      var usage = rusage()
      getrusage(who, &usage)
      return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + 1e-6 * Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }
    return total(0) + total(-1)
  }

  /// Seconds of one run of `body`, over `repeats` of them.
  package static func time(repeats: Int, _ body: () throws -> Void) rethrows -> Double {
    let start = seconds
    for _ in 0..<repeats { try body() }
    return (seconds - start) / Double(repeats)
  }

  /// The best time of one run, over `rounds` rounds of `repeats`. Rounds of a few milliseconds find a
  /// stretch in which nobody else had the processor.
  package static func best(
    rounds: Int, repeats: Int, _ body: () throws -> Void
  ) rethrows -> Double {
    var result = Double.infinity
    for _ in 0..<rounds { result = min(result, try time(repeats: repeats, body)) }
    return result
  }
}
