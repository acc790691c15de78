import { type CutoffStatistics, logitStatistics } from '@spikeloom/cutoff';
import { createRandom, tensor, type Tensor } from '@spikeloom/ir';

/** Logits of a classifier that leans towards the right class, with labels and statistics. */
export interface RandomRun {
  readonly logits: Tensor;
  readonly labels: readonly number[];
  readonly statistics: CutoffStatistics;
}

/** Makes a run up; samples of one seed and of another are drawn alike. */
export function randomRun(
  seed: number,
  {
    timesteps = 5,
    samples = 80,
    classes = 4,
    lean = 0.6,
  }: { timesteps?: number; samples?: number; classes?: number; lean?: number } = {},
): RandomRun {
  const random = createRandom(seed);
  const labels = Array.from({ length: samples }, () => random.below(classes));
  const data = Float32Array.from(
    { length: timesteps * samples * classes },
    (_, index) =>
      random.normal() +
      (index % classes === labels[Math.floor(index / classes) % samples] ? lean : 0),
  );
  const logits = tensor(data, [timesteps, samples, classes]);
  return { logits, labels, statistics: logitStatistics(logits, labels) };
}

/** Seeds for properties that hold for every run. */
export const seeds = [1, 2, 3, 4, 5] as const;
