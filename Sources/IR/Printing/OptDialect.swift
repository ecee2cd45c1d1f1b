import Basics
/// The language itself: what it prints, it reads.
package struct OptDialect: Dialect {
  package init() {}

  package static let forms = Form.Table { operation in
    switch operation {
    case .power: Form("$0^$1", .power, [.postfix, .power])
    case .logicalNot: .sign("not ", .logicalNot)
    case .transpose: Form("$0.T", .postfix, [.postfix])
    case _ where operation.isGlobalReduction: Form("global \(operation.info.name)($0)")
    default: .sign(operation.info.name, operation)
    }
  }
  package static let conditional =
    Form("if $0 then $1 else $2", .conditional, [.or, .or, .or])

  package func number(_ x: Double) -> Written { .signed(Self.text(x)) }

  /// The shortest text that reads back as the same number.
  package static func text(_ x: Double) -> String {
    NumberText.shortest(x, signedZero: true)
  }
}
