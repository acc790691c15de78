import { predictions } from '@spikeloom/cutoff';
import type { ImageSource } from '@spikeloom/datasets';
import { createMeter, ecmtCounting, fullCounting } from '@spikeloom/energy';
import type { Graph, Tensor } from '@spikeloom/ir';
import { accumulateSteps, type Backend, throwIfAborted } from '@spikeloom/runtime';
import type { Context } from '../../context.ts';
import { convertNetwork } from '../../convert/convert-network.ts';
import { imagesFor, type NetworkImages } from '../../images.ts';
import { measure, type Measurement } from '../../measure.ts';
import { registry } from '../../options.ts';
import type { SettingResult } from './result.ts';
import type { EcmtSetting } from './settings.ts';

/** A trained network and what it is converted and judged on. */
export interface EcmtExperiment {
  readonly trained: Graph;
  readonly backend: Backend;
  readonly calibration: ImageSource;
  readonly calibrationImages: number;
  readonly timesteps: number;
  readonly test: ImageSource;
}

/** The trained network on the test images. */
export async function judgeTrained(
  { trained, backend, test }: EcmtExperiment,
  images: number,
  context: Context,
): Promise<Measurement> {
  const program = await backend.compile(trained, { registry });
  try {
    const options = { title: 'the trained network', timesteps: 1, batch };
    return await measure(program, imagesFor(trained, test, images), options, context);
  } finally {
    program.dispose();
  }
}

/**
 * Converts the network on calibration images that the seed chooses, and measures it on the first test images.
 *
 * @param ann what the trained network gave on at least as many of them
 */
export async function judgeSetting(
  experiment: EcmtExperiment,
  {
    setting,
    seed,
    images,
  }: { readonly setting: EcmtSetting; readonly seed: number; readonly images: number },
  ann: Measurement,
  context: Context,
): Promise<SettingResult> {
  const { trained, backend, calibration, calibrationImages, timesteps } = experiment;
  const { graph } = await convertNetwork(
    trained,
    calibration,
    { backend, count: calibrationImages, batch, seed, settings: setting.options },
    context,
  );
  const tested: NetworkImages = imagesFor(graph, experiment.test, images);
  const countings = [ecmtCounting, fullCounting];
  const meter = createMeter(graph, { registry, countings, source: trained });
  const program = await backend.compile(graph, { registry, expose: meter.expose });
  try {
    const options = { title: `${setting.title}, seed ${seed}`, timesteps, batch, meter };
    const { accuracy, logits, samples } = await measure(program, tested, options, context);
    // What was finished of a cancelled run is no result.
    throwIfAborted(context.signal);
    const [paper, full] = meter.report();
    return {
      setting: setting.id,
      seed,
      images: samples,
      accuracy,
      energyRatio: paper!.ratios,
      energyRatioFull: full!.ratios,
      logitError: distances(logits, ann.logits),
      annAccuracy: shareRight(ann, samples),
    };
  } finally {
    program.dispose();
  }
}

const batch = 125;

/** Mean distance of the mean logits up to each timestep `[T, N, classes]` from `[1, N or more, classes]`. */
function distances(logits: Tensor, expected: Tensor): number[] {
  const [timesteps, ...rest] = logits.shape as readonly [number, ...number[]];
  const size = rest.reduce((product, length) => product * length, 1);
  const { data } = accumulateSteps(logits);
  return Array.from({ length: timesteps }, (_, step) => {
    let total = 0;
    for (let index = 0; index < size; index++) {
      const mean = data[step * size + index]! / (step + 1);
      total += Math.abs(mean - expected.data[index]!);
    }
    return total / size;
  });
}

/** Accuracy of the trained network on its first images. */
function shareRight({ logits, labels }: Measurement, count: number): number {
  const classes = logits.shape[2]!;
  const first = { shape: [count, classes], data: logits.data.subarray(0, count * classes) };
  const right = predictions(first).reduce(
    (sum, label, image) => sum + Number(label === labels[image]),
    0,
  );
  return right / count;
}
