/** A number as a function of one element of an input. */
export type Curve = (element: number) => Promise<number>;

/** From wide to narrow: rounding blurs narrow steps, a kink or a strong bend spoils wide ones. */
const steps = [4, 7, 10].map((power) => 2 ** -power);

/**
 * The slope of a curve by central differences, or nothing where it has a kink or a jump: there, no step size
 * gives the same slope to the left, to the right and twice as wide.
 *
 * @param agreement how far these may lie apart, as a share of 1 + |slope|
 */
export async function slopeAt(
  curve: Curve,
  element: number,
  agreement: number,
): Promise<number | undefined> {
  // A power of two, so that float32 holds the points exactly.
  const scale = 2 ** Math.floor(Math.log2(Math.max(Math.abs(element), 0.5)));
  const here = await curve(element);
  for (const step of steps) {
    const slope = await slopeOver(curve, element, here, { step: step * scale, agreement });
    if (slope !== undefined) return slope;
  }
  return undefined;
}

async function slopeOver(
  curve: Curve,
  element: number,
  here: number,
  { step, agreement }: { readonly step: number; readonly agreement: number },
): Promise<number | undefined> {
  const [before, farBefore] = [await curve(element - step), await curve(element - 2 * step)];
  const [after, farAfter] = [await curve(element + step), await curve(element + 2 * step)];
  const slope = (8 * (after - before) - (farAfter - farBefore)) / (12 * step);
  const wide = (farAfter - farBefore) / (4 * step);
  const right = (4 * after - farAfter - 3 * here) / (2 * step);
  const left = (3 * here - 4 * before + farBefore) / (2 * step);
  const allowed = agreement * (1 + Math.abs(slope));
  const agrees = Math.abs(right - left) <= allowed && Math.abs(wide - slope) <= allowed;
  return agrees ? slope : undefined;
}
