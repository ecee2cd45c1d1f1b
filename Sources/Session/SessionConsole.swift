import Diagnostics

/// What a session asks of the world: where it writes, and the files that commands name.
///
/// The session itself does no input or output, so that a terminal, a test and a transcript are the
/// same to it.
package protocol SessionConsole: AnyObject {
  /// Values and tables.
  func write(_ text: String)
  /// A picture in the control sequences of a terminal; asked for where `showsImages`.
  func draw(_ image: String)
  /// Messages.
  func say(_ text: String)
  /// How far long work is; the next such text overwrites it.
  func progress(_ text: String)

  /// Columns of the terminal.
  var width: Int { get }
  /// Whether letters beyond ASCII can be shown.
  var showsUnicode: Bool { get }
  /// Whether values go to a terminal, which may show images.
  var showsImages: Bool { get }
  /// Whether values, and messages, may be coloured.
  var hasColourOnOutput: Bool { get }
  var hasColour: Bool { get }

  /// The bytes of a file. Throws the R07xx diagnostic of why there are none.
  func read(_ path: String) throws(DiagnosticError) -> [UInt8]
  /// Writes a file whole or not at all.
  func save(_ path: String, _ bytes: [UInt8]) throws(DiagnosticError)
  func exists(_ path: String) -> Bool
  /// When a file was last changed, in any unit; nil where there is none.
  func changeTime(_ path: String) -> Int64?
  /// The names in a folder, those of folders with a `/` at their end.
  func names(in folder: String) -> [String]
}
