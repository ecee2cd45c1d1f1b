/// The version of Ravine, for all of its doors.
package enum Version {
  package static let text: StaticString = "0.1.0"
}
