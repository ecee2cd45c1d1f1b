import ArgumentParser
import Native
import Runtime

/// An engine, as a command line names it.
enum EngineName: String, ExpressibleByArgument, CaseIterable {
  case interpreter, native, auto, reference

  static let help = ArgumentHelp(
    "How to compute: interpreter, native (compiled by the C compiler), auto, or reference (slow, "
      + "defines the meaning).")

  var kind: EngineKind {
    switch self {
    case .interpreter: .interpreter
    case .native: .native
    case .auto: .auto
    case .reference: .reference
    }
  }

  /// What compiles passes for this engine. Says once, on stderr, why it cannot.
  var compiler: NativeCompiler? {
    switch self {
    case .native, .auto: NativeCompiler { Console.say("ravine: \(Console.printable($0, 400))\n") }
    case .interpreter, .reference: nil
    }
  }
}
