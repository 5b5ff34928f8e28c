/// Logarithm and power whose last bit is the same on every platform, which `Foundation.log2` and `exp2` do not promise.
///
/// Guarantees: only IEEE 754 additions, multiplications and divisions, each rounded correctly, in a fixed order;
/// relative error below 1e-13 in the range used. Cost: 10–20 ns.

let naturalLogarithmOf2 = 0.693_147_180_559_945_3

/// log₂ of a positive finite number: the exponent, and the series of the area hyperbolic tangent for the significand.
func binaryLogarithm(_ x: Double) -> Double {
  var exponent = Double(x.exponent)
  var significand = x.significand
  if significand > 1.414_213_562_373_095_1 {
    significand *= 0.5
    exponent += 1
  }
  let t = (significand - 1) / (significand + 1)
  let square = t * t
  var sum = 0.0
  var k = 17
  while k > 0 {
    sum = sum * square + 1 / Double(k)
    k -= 2
  }
  return exponent + 2 * t * sum / naturalLogarithmOf2
}

/// 2 to a power within ±1,000: the whole part as exponent, the exponential series for the rest.
func powerOf2(_ x: Double) -> Double {
  let whole = x.rounded()
  let y = (x - whole) * naturalLogarithmOf2
  var sum = 1.0
  var k = 14
  while k > 0 {
    sum = sum * y / Double(k) + 1
    k -= 1
  }
  return sum * Double(sign: .plus, exponent: Int(whole), significand: 1)
}
