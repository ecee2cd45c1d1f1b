/// A task that a search names and does not look at.
package struct LockedTask: Hashable, Sendable {
  package var title: String
  /// What the work is, and with which data.
  package var digest: String

  package init(_ title: String, digest: String) {
    self.title = title
    self.digest = digest
  }
}
