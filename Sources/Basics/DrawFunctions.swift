/// The functions of draws, operation for operation those of the kernels (Math.h and Random.h of CKernels), which have no
/// branches so that vectors compute them: every engine makes the same bits on every machine, whatever its libm.
enum DrawFunctions {
  /// The natural logarithm of a positive normal number, to 1 ulp (Moshier's Cephes library).
  static func log(_ x: Double) -> Double {
    let mantissa = Double(
      bitPattern: x.bitPattern & 0x000F_FFFF_FFFF_FFFF | 0x3FE0_0000_0000_0000)
    let isSmall = mantissa < 0.70710678118654752440
    let exponent = Double(Int(x.bitPattern >> 52 & 0x7FF) - 1022) - (isSmall ? 1 : 0)
    let f = isSmall ? mantissa + mantissa - 1 : mantissa - 1
    let z = f * f
    var p = 1.01875663804580931796e-4
    p = p * f + 4.97494994976747001425e-1
    p = p * f + 4.70579119878881725854
    p = p * f + 1.44989225341610930846e1
    p = p * f + 1.79368678507819816313e1
    p = p * f + 7.70838733755885391666
    var q = f + 1.12873587189167450590e1
    q = q * f + 4.52279145837532221105e1
    q = q * f + 8.29875266912776603211e1
    q = q * f + 7.11544750618563894466e1
    q = q * f + 2.31251620126765340583e1
    var y = f * (z * p / q)
    y = y - exponent * 2.121944400546905827679e-4
    y = y - 0.5 * z
    return f + y + exponent * 0.693359375
  }

  /// Cosine and sine of 2π · u for u in [0, 1), to 1 ulp: what is left of the nearest quarter of a turn is exact, and
  /// the polynomials are those of fdlibm between -π/4 and π/4.
  static func turn(_ u: Double) -> (cosine: Double, sine: Double) {
    let rounded = (u * 4).rounded(.toNearestOrEven)
    let x = (u - rounded * 0.25) * 6.283185307179586477
    let z = x * x
    var p = 1.58969099521155010221e-10
    p = p * z - 2.50507602534068634195e-08
    p = p * z + 2.75573137070700676789e-06
    p = p * z - 1.98412698298579493134e-04
    p = p * z + 8.33333333332248946124e-03
    p = p * z - 1.66666666666666324348e-01
    let s = x + x * z * p
    var q = -1.13596475577881948265e-11
    q = q * z + 2.08757232129817482790e-09
    q = q * z - 2.75573143513906633035e-07
    q = q * z + 2.48015872894767294178e-05
    q = q * z - 1.38888888888741095749e-03
    q = q * z + 4.16666666666666019037e-02
    let c = 1 - (0.5 * z - z * z * q)
    return switch Int(rounded) & 3 {
    case 0: (c, s)
    case 1: (-s, c)
    case 2: (-c, -s)
    default: (s, -c)
    }
  }
}
