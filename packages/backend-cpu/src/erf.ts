/**
 * The error function to double precision: its Maclaurin series near 0, the continued fraction of its
 * complement further out (Abramowitz & Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    // erf x = 2 / sqrt(pi) * e^(-x^2) * sum of 2^n x^(2n+1) / (1 * 3 * … * (2n+1)): no cancellation.
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (size + fraction);
  const complement = Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction));
  return Math.sign(x) * (1 - complement);
}
