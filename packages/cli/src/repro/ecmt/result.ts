import type { ReferencePoint, ReferenceRun } from './reference.ts';
import * as v from 'valibot';

/** What a network converted with one setting on the calibration images of one seed showed. */
export interface SettingResult {
  readonly setting: string;
  readonly seed: number;
  readonly images: number;
  /** Of the output summed up to each timestep; all are as long as there are timesteps. */
  readonly accuracy: readonly number[];
  /** Up to each timestep, as a share of the trained network's, counted as the paper does. */
  readonly energyRatio: readonly number[];
  /** The same with everything counted. */
  readonly energyRatioFull: readonly number[];
  /** Mean distance of the mean logits from those of the trained network. */
  readonly logitError: readonly number[];
  /** Accuracy of the trained network on these images. */
  readonly annAccuracy: number;
}

/** A row of the table: one setting stopped after so many timesteps; numbers are means over seeds. */
export interface EcmtRow {
  /** `ecmt`, `spikeloom`, or one of them with something changed. */
  readonly preset: string;
  readonly title: string;
  readonly timesteps: number;
  readonly accuracy: number;
  readonly energyRatio: number;
  readonly energyRatioFull: number;
  readonly logitError: number;
  readonly seeds: number;
  readonly images: number;
  /** Of the trained network on the same images. */
  readonly annAccuracy: number;
  /** Over seeds; 0 for one. */
  readonly accuracyStd: number;
  readonly energyRatioStd: number;
  /** The reference code with the same setting, on as many of the test images as `images` says. */
  readonly reference?: ReferencePoint & { readonly images: number };
}

export function rowsOf(
  results: readonly SettingResult[],
  titles: ReadonlyMap<string, string>,
  references: readonly ReferenceRun[],
): EcmtRow[] {
  const groups = new Map<string, SettingResult[]>();
  for (const result of results)
    groups.set(result.setting, [...(groups.get(result.setting) ?? []), result]);
  return [...groups].flatMap(([preset, group]) =>
    group[0]!.accuracy.map((_, step): EcmtRow => {
      const over = (values: (result: SettingResult) => readonly number[]) =>
        spread(group.map((result) => values(result)[step]!));
      const accuracy = over((result) => result.accuracy);
      const energy = over((result) => result.energyRatio);
      const run = references.find(({ setting }) => setting === preset);
      const point = run?.points.find(({ timesteps }) => timesteps === step + 1);
      return {
        preset,
        title: titles.get(preset) ?? preset,
        timesteps: step + 1,
        accuracy: accuracy.mean,
        energyRatio: energy.mean,
        energyRatioFull: over((result) => result.energyRatioFull).mean,
        logitError: over((result) => result.logitError).mean,
        seeds: group.length,
        images: group[0]!.images,
        annAccuracy: group[0]!.annAccuracy,
        accuracyStd: accuracy.std,
        energyRatioStd: energy.std,
        ...(run && point ? { reference: { ...point, images: run.images } } : {}),
      };
    }),
  );
}

/** The points that no other one beats in accuracy at less or equal energy, from the cheapest on. */
export function paretoFront<P extends { readonly energy: number; readonly accuracy: number }>(
  points: readonly P[],
): P[] {
  let best = -Infinity;
  return points
    .toSorted((a, b) => a.energy - b.energy || b.accuracy - a.accuracy)
    .filter(({ accuracy }) => {
      if (accuracy <= best) return false;
      best = accuracy;
      return true;
    });
}

function spread(values: readonly number[]): { readonly mean: number; readonly std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

const numbers = v.pipe(v.array(v.pipe(v.number(), v.minValue(0))), v.minLength(1), v.readonly());

/** What a kept result is checked by. */
export const settingSchema = v.object({
  setting: v.string(),
  seed: v.number(),
  images: v.number(),
  accuracy: numbers,
  energyRatio: numbers,
  energyRatioFull: numbers,
  logitError: numbers,
  annAccuracy: v.number(),
});
