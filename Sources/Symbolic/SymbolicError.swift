/// Why a question has no symbolic answer.
package struct SymbolicError: Error, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}
