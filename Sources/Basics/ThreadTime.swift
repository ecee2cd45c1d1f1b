import Platform

/// What one thread has computed: unlike a clock on the wall, it does not say how busy the machine is.
package enum ThreadTime {
  /// Seconds that this thread has computed.
  package static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}
