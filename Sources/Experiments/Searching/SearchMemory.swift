import Diagnostics
import Search

/// Where a session keeps the programs of its searches: in a file, or those of the last one in memory. A search of the
/// same statement goes on from them.
package final class SearchMemory {
  /// Nil keeps them in memory.
  package var path: String?
  private var last: SearchJournal?

  package init() {}

  /// The journal of a search. Throws as opening the file does.
  func journal(of search: Search) throws(DiagnosticError) -> SearchJournal {
    let header = search.header
    if let path { return try SearchJournal(path, header) }
    if let last, try last.header().digest == header.digest { return last }
    let made = try SearchJournal(inMemory: header)
    last = made
    return made
  }
}
