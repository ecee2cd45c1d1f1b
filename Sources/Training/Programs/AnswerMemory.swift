/// Answers of programs whose runs take long, kept from when they come until nobody asks again: what was killed in between asks
/// for the same once more.
///
/// Several threads may use it at once.
package protocol AnswerMemory: AnyObject, Sendable {
  /// The line that answered a request; nil where none is known.
  func answer(to request: String) -> [UInt8]?
  func keep(_ answer: [UInt8], to request: String)
}
