import Basics
import CKernels
import Platform
import Testing

/// Draws by vectors against `CounterRandom`, which makes one at a time: the same bits for every start and length.
@Suite struct DrawKernelTests {
  private static let seed: UInt64 = 0xFEDC_BA98_7654_3210
  /// Some lie across the pairs that are made at once, and where the number of the pair has more than 32 bits.
  private static let starts: [Int64] = [0, 1, 2, 511, 512, 8_589_934_589]

  private static func place(_ distribution: Int, hasVector: Bool = false) -> rv_place {
    var place = rv_place()
    place.distribution = Int32(distribution)
    place.site = 3
    place.stride.0 = hasVector ? 1 : 0
    return place
  }

  /// Calls `body` with a frame of step 17 and tensor 5 that draws.
  private static func withFrame(_ body: (UnsafePointer<rv_frame>) -> Void) {
    var replay: UnsafePointer<Double>? = nil
    withUnsafePointer(to: &replay) { replays in
      var frame = rv_frame()
      frame.replays = replays
      frame.seed = seed
      frame.step = 17
      frame.tensor = 5
      frame.draws = rv_draw_kernels()
      withUnsafePointer(to: frame) { body($0) }
    }
  }

  private static let random = CounterRandom(seed: seed, step: 17, tensor: 5, site: 3)

  private static func one(_ distribution: Int, _ element: Int64, _ p: Double) -> Double {
    let element = UInt64(element)
    return switch distribution {
    case 0: random.normal(element)
    case 1: random.uniform(element)
    case 2: random.rademacher(element)
    case 3: random.exponential(element)
    default: random.bernoulli(element, p)
    }
  }

  @Test(arguments: [0, 1, 2, 3, 4], [1, 2, 3, 510, 511, 512, 513, 1500])
  func drawsAreThoseOfOneAtATime(_ distribution: Int, _ n: Int) {
    var compared = 0
    for start in Self.starts {
      for hasVector in distribution == 4 ? [false, true] : [false] {
        var place = Self.place(distribution, hasVector: hasVector)
        let limits = (0..<n).map { hasVector ? Double($0 % 4) / 4 : 0.3 }
        let expected = (0..<n).map { Self.one(distribution, start + Int64($0), limits[$0]) }
        var doubles = [Double](repeating: .nan, count: n)
        var floats = [Float](repeating: .nan, count: n)
        let shortLimits = limits.map { Float($0) }
        Self.withFrame { frame in
          let draws = frame.pointee.draws.pointee
          draws.draw_f64(&doubles, limits, &place, frame, start, Int64(n))
          // A probability that is one number is a double in both types.
          if hasVector {
            draws.draw_f32(&floats, shortLimits, &place, frame, start, Int64(n))
          } else {
            draws.draw_f32(&floats, limits, &place, frame, start, Int64(n))
          }
        }
        for i in 0..<n {
          #expect(
            doubles[i].bitPattern == expected[i].bitPattern, "\(distribution) at \(start) + \(i)")
          let rounded = Float(expected[i])
          let float = distribution == 1 && rounded >= 1 ? 0x1.fffffep-1 : rounded
          #expect(floats[i].bitPattern == float.bitPattern, "\(distribution) at \(start) + \(i)")
          compared += 1
        }
      }
    }
    #expect(compared == n * Self.starts.count * (distribution == 4 ? 2 : 1))
  }

  @Test func bitsAreThoseOfOneAtATime() {
    for start in Self.starts {
      for n in [1, 2, 511, 1300] {
        var place = Self.place(0)
        var bits = [UInt64](repeating: 0, count: n)
        Self.withFrame { frame in
          frame.pointee.draws.pointee.bits(&place, frame, start, &bits, Int64(n))
        }
        #expect(
          bits == (0..<n).map { Self.random.bits(UInt64(start + Int64($0))) }, "\(start), \(n)")
      }
    }
  }

  /// Recorded draws stand in for those of a call site.
  @Test func recordedDrawsAreTaken() {
    var numbers = [0.5, -2, 7.25, 3]
    numbers.withUnsafeMutableBufferPointer { buffer in
      var replay = UnsafePointer(buffer.baseAddress)
      withUnsafePointer(to: &replay) { replays in
        var frame = rv_frame()
        frame.replays = replays
        frame.draws = rv_draw_kernels()
        var place = Self.place(0)
        var found = [Float](repeating: 0, count: 2)
        rv_draw_kernels().pointee.draw_f32(&found, nil, &place, &frame, 1, 2)
        #expect(found == [-2, 7.25])
      }
    }
  }

  /// Against the functions of libm, to some units of the last digit of what is not small.
  @Test func normalsAreThoseOfTheirDefinition() {
    for element in stride(from: UInt64(0), to: 20_000, by: 2) {
      let pair = Self.random.bits(pair: element / 2)
      let u = Double((pair.even >> 11) + 1) * 0x1p-53
      let angle = 2 * Double.pi * (Double(pair.odd >> 11) * 0x1p-53)
      let radius = (-2 * log(u)).squareRoot()
      #expect(abs(Self.random.normal(element) - radius * cos(angle)) < 4e-15)
      #expect(abs(Self.random.normal(element + 1) - radius * sin(angle)) < 4e-15)
      #expect(abs(Self.random.exponential(element) + log1p(-Self.random.uniform(element))) < 4e-15)
    }
  }
}
