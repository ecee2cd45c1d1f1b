import CKernels
import Diagnostics

/// Subjects that are measured in turn: in each round each runs for some milliseconds, then its stream,
/// so that what slows the machine down for a while slows all of them. Of the parts of a turn the middle
/// one counts: a part in which another process had the processor is left out.
package final class Rounds {
  package private(set) var subjects: [Subject] = []
  package private(set) var count = 0
  private let streams = StreamMemory()
  private let measuresStreams: Bool
  /// Seconds of a part; one step at least.
  private let slice: Double
  /// The most parts that a turn has, and the seconds that all of them may take; one at least.
  private let parts: Int
  private let turn: Double

  package init(
    slice: Double = 0.001, parts: Int = 5, turn: Double = 0.005, measuresStreams: Bool = true
  ) {
    self.slice = slice
    self.parts = parts
    self.turn = turn
    self.measuresStreams = measuresStreams
  }

  /// Takes a subject in, and finds how many steps fill its slice.
  package func add(_ subject: Subject) throws(DiagnosticError) {
    subject.repeats = try repeats { (n) throws(DiagnosticError) in try subject.run(n) }
    if measuresStreams, subject.isStreamed, let traffic = subject.traffic {
      streams.prepare(traffic)
      subject.streamRepeats = try repeats { (n) throws(DiagnosticError) in
        for _ in 0..<n { streams.run(traffic, threads: subject.threads) }
      }
    }
    subjects.append(subject)
  }

  private func repeats(
    _ run: (Int) throws(DiagnosticError) -> Void
  ) throws(DiagnosticError) -> Int {
    try run(1)
    var repeats = 1
    while true {
      let start = Clock.seconds
      try run(repeats)
      let time = Clock.seconds - start
      if time >= slice / 4 || repeats >= 1 << 24 {
        return max(1, Int((Double(repeats) * slice / max(time, 1e-9)).rounded()))
      }
      repeats *= 4
    }
  }

  /// Runs each subject once more, or those that come before an interrupt.
  package func round() throws(DiagnosticError) {
    for subject in subjects where rv_interrupt_requested() == 0 {
      subject.seconds.append(
        try time(subject.repeats) { () throws(DiagnosticError) in
          try subject.run(subject.repeats)
        })
      if measuresStreams, subject.isStreamed, let traffic = subject.traffic {
        subject.streamSeconds.append(
          try time(subject.streamRepeats) { () throws(DiagnosticError) in
            for _ in 0..<subject.streamRepeats { streams.run(traffic, threads: subject.threads) }
          })
      }
    }
    count += 1
  }

  private func time(
    _ repeats: Int, _ run: () throws(DiagnosticError) -> Void
  ) throws(DiagnosticError) -> Double {
    var times: [Double] = []
    let start = Clock.seconds
    var last = start
    repeat {
      try run()
      let now = Clock.seconds
      times.append((now - last) / Double(repeats))
      last = now
    } while times.count < parts && last - start < turn
    return Spread(times).median
  }
}
