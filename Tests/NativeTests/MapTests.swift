import CKernels
import Foundation
import Testing

/// The maps of eight-bit states against those of bitsandbytes.
@Suite struct MapTests {
  private struct Recorded: Decodable {
    var signed_map_256: [Double]
    var unsigned_map_256: [Double]
  }

  @Test func theMapsAreThoseOfBitsandbytes() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Golden/maps/adam8bit-maps.json")
    let recorded = try JSONDecoder().decode(Recorded.self, from: Data(contentsOf: path))
    for (map, wanted) in [
      (rv_map_s8, recorded.signed_map_256), (rv_map_u8, recorded.unsigned_map_256),
    ] {
      let values = withUnsafeBytes(of: map) { Array($0.bindMemory(to: Float.self)) }
      #expect(values == wanted.map { Float($0) })
      #expect(values == values.sorted())
    }
  }
}
