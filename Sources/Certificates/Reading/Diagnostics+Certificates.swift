import Diagnostics

// Certificates: R085x.
extension Diagnostic {
  static func noCertificateFile(expected header: String) -> Diagnostic {
    Diagnostic(
      .badCertificate, "this is no certificate: its first line is not `\(header)`", at: .none,
      notes: [Note("`ravine compare A B --certificate FILE` writes one")])
  }

  static func badCertificateLine(_ number: Int, _ text: String) -> Diagnostic {
    Diagnostic(
      .badCertificate,
      text.isEmpty
        ? "the certificate has no line `end`"
        : "line \(number) of the certificate is not understood: `\(text.prefix(60))`", at: .none)
  }

  /// A step, a goal or what is said of the rules does not hold.
  static func refused(_ line: Certificate.Line, _ refusal: Refusal) -> Diagnostic {
    Diagnostic(
      .refusedStep,
      (line.number > 0 ? "line \(line.number): " : "")
        + "`\(line.text.prefix(80))` does not hold: \(refusal)", at: .none)
  }

  static func refused(_ refusal: Refusal) -> Diagnostic {
    Diagnostic(.refusedStep, "the certificate does not hold: \(refusal)", at: .none)
  }
}
