import * as v from 'valibot';

const perChannel = v.pipe(v.array(v.pipe(v.number(), v.finite())), v.minLength(1));

/**
 * How pixels (0 to 255) become what the network was trained on: a black margin round the image, then
 * `(pixel * scale - mean) / std` per channel.
 */
export const preprocessSchema = v.strictObject({
  /** Black pixels on every side: with 2, a network for 32 x 32 takes images of 28 x 28. Default none. */
  padding: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  scale: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 1 / 255),
  mean: perChannel,
  std: v.pipe(v.array(v.pipe(v.number(), v.finite(), v.gtValue(0))), v.minLength(1)),
});

export type Preprocess = v.InferOutput<typeof preprocessSchema>;

/** What must hold of a preprocessing for images of so many channels, as `requireConsistent` takes it. */
export function preprocessRules(
  preprocess: Preprocess | undefined,
  channels: number,
): (readonly [boolean, string, string])[] {
  return (['mean', 'std'] as const).map((name) => [
    (preprocess?.[name].length ?? channels) === channels,
    `preprocess.${name}`,
    `${channels} numbers`,
  ]);
}
