/// Why a question has no symbolic answer.
public struct SymbolicError: Error, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}
