/// Why a certificate is refused.
package struct Refusal: Error, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}
