/// The functions of draws, operation for operation those of the kernels (Math.h and Random.h of CKernels), which have no
/// branches so that vectors compute them: every engine makes the same bits on every machine, whatever its libm.
enum DrawFunctions {
  /// The natural logarithm of a positive normal number, to 1 ulp: a series in (x - 1) / (x + 1), as in fdlibm.
  static func log(_ x: Double) -> Double {
    let root: UInt64 = 0x3FE6_A09E_667F_3BCD  // The bits of √½.
    let bits = x.bitPattern &+ 0x3FF0_0000_0000_0000 &- root
    let f = Double(bitPattern: bits & 0x000F_FFFF_FFFF_FFFF &+ root) - 1
    let k = Double(Int(bits >> 52) - 1023)
    let s = f / (2 + f)
    let z = s * s
    let p = polynomial(
      z, 1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
      2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
      6.666666666666735130e-01)
    let h = 0.5 * f * f
    let y = (k * 1.90821492927058770002e-10).addingProduct(s, h.addingProduct(p, z))
    return (f - (h - y)).addingProduct(k, 6.93147180369123816490e-01)
  }

  /// Cosine and sine of 2π · u for u in [0, 1), to 1 ulp: what is left of the nearest quarter of a turn is exact, and
  /// the polynomials are those of fdlibm between -π/4 and π/4.
  static func turn(_ u: Double) -> (cosine: Double, sine: Double) {
    let rounded = (u * 4).rounded(.toNearestOrEven)
    let x = (u - rounded * 0.25) * 6.283185307179586477
    let z = x * x
    let p = polynomial(
      z, 1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
      -1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01)
    let s = x.addingProduct(x * z, p)
    let q = polynomial(
      z, -1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
      2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02)
    let c = 1.0.addingProduct(-0.5, z).addingProduct(z * z, q)
    return switch Int(rounded) & 3 {
    case 0: (c, s)
    case 1: (-s, c)
    case 2: (-c, -s)
    default: (s, -c)
    }
  }

  /// The polynomial with these coefficients, the highest power's first, each product and sum rounded once.
  private static func polynomial(_ x: Double, _ first: Double, _ rest: Double...) -> Double {
    rest.reduce(first) { $1.addingProduct($0, x) }
  }
}
