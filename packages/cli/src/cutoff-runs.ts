/** The two runs behind a comparison of cutoff policies: over calibration images, and over those to judge by. */
import { type CutoffStatistics, type RecordedRun, recordRun, runSetup } from '@spikeloom/cutoff';
import type { ImageSource } from '@spikeloom/datasets';
import { openDataset } from '@spikeloom/datasets/node';
import { createMeter, fullCounting } from '@spikeloom/energy';
import { type Graph, isSpikeloomError } from '@spikeloom/ir';
import { type Backend, neuronLayers } from '@spikeloom/runtime';
import type { Context } from './context.ts';
import { imagesFor, type NetworkBatch, type NetworkImages } from './images.ts';
import { registry } from './options.ts';

interface SetupFlags {
  readonly calibrate?: string;
  readonly calibrateCount?: number;
  readonly timesteps: number;
  readonly dropout: number;
  readonly seed: number;
  readonly batch: number;
}

interface JudgeFlags {
  readonly timesteps: number;
  readonly batch: number;
  /** Whether energy is counted as well, under `costs.picojoules`. */
  readonly energy: boolean;
}

/** Runs the calibration images, if a policy needs it. */
export async function setUp(
  graph: Graph,
  backend: Backend,
  judgedBy: ImageSource,
  flags: SetupFlags,
  context: Context,
): Promise<CutoffStatistics | undefined> {
  if (flags.calibrate === undefined) return undefined;
  const source = await openCalibrationImages(flags.calibrate, context);
  if (source.name === judgedBy.name)
    context.say('note: the policies are judged by the images their thresholds were set on');
  const images = imagesFor(graph, source, flags.calibrateCount);
  const progress = context.progress('calibrating', images.length);
  const { timesteps, dropout, seed } = flags;
  const { signal } = context;
  const onProgress = progress.update;
  const data = withPauses(images.batches(flags.batch));
  const options = { backend, registry, data, timesteps, dropout, seed, signal, onProgress };
  return runSetup(graph, options).finally(progress.stop);
}

/** The train split, or what there is. */
async function openCalibrationImages(nameOrPath: string, context: Context): Promise<ImageSource> {
  try {
    return await openDataset(nameOrPath, { split: 'train' });
  } catch (error) {
    if (!isSpikeloomError(error) || error.code !== 'not-found') throw error;
    const source = await openDataset(nameOrPath, { split: 'test' });
    context.say('note: there is no train split, so thresholds are set on test images');
    return source;
  }
}

/** Runs the images to judge by to the end, once for all policies. */
export async function judge(
  graph: Graph,
  backend: Backend,
  images: NetworkImages,
  { timesteps, batch, energy: counted }: JudgeFlags,
  context: Context,
): Promise<{ readonly run: RecordedRun; readonly caveats: readonly string[] }> {
  const meter = counted ? createMeter(graph, { registry, countings: [fullCounting] }) : undefined;
  const program = await backend.compile(graph, { registry, expose: meter?.expose ?? [] });
  const progress = context.progress('running', images.length);
  try {
    const run = await recordRun(program, withPauses(images.batches(batch)), {
      timesteps,
      layers: neuronLayers(graph, registry),
      ...(meter ? { taps: meter.start } : {}),
      signal: context.signal,
      onProgress: progress.update,
    });
    const [energy] = meter?.report() ?? [];
    if (!energy) return { run, caveats: [] };
    const costs = { ...run.costs, picojoules: energy.perSample };
    return { run: { ...run, costs }, caveats: energy.counting.caveats };
  } finally {
    progress.stop();
    program.dispose();
  }
}

/** Batches with a pause after each in which Ctrl-C gets through. */
async function* withPauses(
  batches: AsyncIterable<NetworkBatch>,
): AsyncGenerator<NetworkBatch, void, void> {
  for await (const batch of batches) {
    yield batch;
    await new Promise(setImmediate);
  }
}
