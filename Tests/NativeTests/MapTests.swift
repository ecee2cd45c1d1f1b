import CKernels
import Foundation
import Testing

/// The maps of eight-bit states against those of bitsandbytes, and their codes.
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
      for (value, wanted) in zip(values, wanted) {
        #expect(abs(Double(value) - wanted) <= 4 * Double(Float(wanted).ulp))
      }
      #expect(values == values.sorted())
      #expect(values[255] == 1)
    }
    withUnsafeBytes(of: rv_map_s8) { map in
      #expect(map.bindMemory(to: Float.self)[127] == 0)
    }
    withUnsafeBytes(of: rv_map_u8) { map in
      #expect(map.bindMemory(to: Float.self)[0] == 0)
    }
  }

  private static func place(_ element: rv_element, block: Int, count: Int) -> rv_place {
    var place = rv_place()
    place.distribution = Int32(element.rawValue)
    place.extent.0 = Int64(block)
    place.extent.1 = Int64(count)
    return place
  }

  /// The codes of `values`.
  private static func codes(_ values: [Double], _ element: rv_element, block: Int) -> [UInt8] {
    var place = place(element, block: block, count: values.count)
    let blocks = values.count / block
    var memory = [UInt8](repeating: 0, count: values.count + 4 * blocks)
    rv_encode_state(Int32(RV_F32.rawValue), &place, &memory, values, 0, 0, 0)
    return Array(memory[(4 * blocks)...])
  }

  /// Floats over all of [0, 1] and at each border, every 16th the scale, with both signs if wanted.
  private static func grid(_ map: [Float], scale: Float, isSigned: Bool) -> [Double] {
    var positive: [Float] = []
    for bits in stride(from: UInt32(0), through: 0x3F80_0000, by: 20_011) {
      positive.append(Float(bitPattern: bits))
    }
    let numbers = map.filter { $0 >= 0 }
    for (low, high) in zip(numbers, numbers.dropFirst()) {
      let middle = (low + high) / 2
      positive += [middle.nextDown.nextDown, middle.nextDown, middle, middle.nextUp, low]
    }
    positive += [Float](repeating: 0, count: 15 - positive.count % 15)
    var result: [Double] = []
    for (i, y) in positive.enumerated() {
      if i % 15 == 0 { result.append(Double(scale)) }
      result.append(Double(y * scale) * (isSigned && i % 2 == 1 ? -1 : 1))
    }
    if result.count % 32 != 0 { result += [Double](repeating: Double(scale), count: 16) }
    return result
  }

  /// Blocks long enough for vectors get the codes of shorter ones, which are the nearest but for
  /// ties.
  @Test(arguments: [Float(1), 0.37, 0x1p-140, 3e38])
  func codesAreTheNearest(_ scale: Float) {
    for (element, map) in [
      (RV_S8, withUnsafeBytes(of: rv_map_s8) { Array($0.bindMemory(to: Float.self)) }),
      (RV_U8, withUnsafeBytes(of: rv_map_u8) { Array($0.bindMemory(to: Float.self)) }),
    ] {
      let values = Self.grid(map, scale: scale, isSigned: element == RV_S8)
      let alone = Self.codes(values, element, block: 16)
      #expect(Self.codes(values, element, block: 32) == alone)
      let isExact = scale > 0x1p-126
      for (x, code) in zip(values, alone) where isExact {
        func distance(_ q: Int) -> Double { abs(Double(map[q]) - x / Double(scale)) }
        let q = Int(code)
        for other in [q - 1, q + 1] where other >= 0 && other <= 255 {
          // 0 is for zeros alone.
          if other == (element == RV_S8 ? 127 : 0), x != 0 { continue }
          let gap = abs(Double(map[q]) - Double(map[other]))
          let closer = distance(q) - distance(other)
          if closer > 5e-5 * gap { Issue.record("\(x) of \(scale) is \(q), not \(other)") }
        }
      }
    }
  }

  /// Whatever is positive stays so without signs, by vectors and one by one.
  @Test(arguments: [16, 32])
  func nothingPositiveIsStoredAsZero(_ block: Int) {
    let tiny = [0x1p-149, 1e-30, 1e-12, 1e-7, 1.1e-7, 2e-7, 3e-7]
    let values = [1] + tiny + [Double](repeating: 0, count: block - 1 - tiny.count)
    let codes = Self.codes(values, RV_U8, block: block)
    #expect(codes.prefix(1 + tiny.count) == [255, 1, 1, 1, 1, 1, 1, 1])
    #expect(codes.dropFirst(1 + tiny.count).allSatisfy { $0 == 0 })
  }

  /// Vectors decode to the bits of the map times the scale.
  @Test(arguments: [Float(1), 0.37, 0x1p-140, 3e38])
  func codesAreDecodedByTheMap(_ scale: Float) {
    for (element, map) in [
      (RV_S8, withUnsafeBytes(of: rv_map_s8) { Array($0.bindMemory(to: Float.self)) }),
      (RV_U8, withUnsafeBytes(of: rv_map_u8) { Array($0.bindMemory(to: Float.self)) }),
    ] {
      var place = Self.place(element, block: 256, count: 256)
      var memory = withUnsafeBytes(of: scale) { Array($0) } + (0...255).map { UInt8($0) }
      var values = [Double](repeating: 0, count: 256)
      rv_decode_state(Int32(RV_F32.rawValue), &place, &memory, &values)
      #expect(values == map.map { Double($0 * scale) })
    }
  }
}
