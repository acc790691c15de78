import type { EpochMeans, EpochMetrics, TrainingProgress } from '@spikeloom/training';
import type { Context, Progress } from '../context.ts';
import { percent } from '../table.ts';

/** What people see of a training: a bar for the epoch under way and a line for every finished one. */
export interface EpochScreen {
  step(progress: TrainingProgress): void;
  epoch(metrics: EpochMetrics): void;
  stop(): void;
}

export function showEpochs(context: Context): EpochScreen {
  let bar: Progress | undefined;
  let images = imagesPerSecond();
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    stop,
    step(progress) {
      const { epoch, epochs, step, stepsPerEpoch } = progress;
      images.add(progress);
      bar ??= context.progress(`epoch ${epoch + 1} of ${epochs}`, stepsPerEpoch);
      bar.update(step, `${describeMeans(progress)}, ${images.speed()}`);
    },
    epoch(metrics) {
      stop();
      const { epoch, validationAccuracy } = metrics;
      const validated =
        validationAccuracy === undefined ? '' : `, validation ${percent(validationAccuracy)}`;
      context.say(`epoch ${epoch}: ${describeMeans(metrics)}${validated}, ${images.speed()}`);
      images = imagesPerSecond();
    },
  };
}

function describeMeans({ loss, accuracy, firingRate }: EpochMeans): string {
  return `loss ${loss.toFixed(4)}, accuracy ${percent(accuracy)}, firing rate ${firingRate.toFixed(3)}`;
}

/** Measures one epoch, or what is left of one after a resume. */
function imagesPerSecond() {
  const began = performance.now();
  let seen = 0;
  let before: number | undefined;
  return {
    add({ step, samples }: TrainingProgress): void {
      // How many images the first step after a resume had, nobody knows.
      seen += samples - (step === 1 ? 0 : (before ?? samples));
      before = samples;
    },
    speed: () => `${((1000 * seen) / (performance.now() - began)).toFixed(0)} images/s`,
  };
}
