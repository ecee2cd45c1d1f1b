import Testing

@testable import Session

@Suite struct SessionTests {
}
