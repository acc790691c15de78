import { createRandom, type Graph, type Registry, tensor } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import { requireShare } from './epsilon.ts';
import type { LabelledBatch, LabelledData } from './labelled-data.ts';
import { type CollectOptions, collectStatistics, type CutoffStatistics } from './statistics.ts';
import { dropoutKey, withSpikeDropout } from './with-spike-dropout.ts';

export interface SetupOptions extends CollectOptions {
  readonly backend: Backend;
  readonly registry: Registry;
  /** Labelled samples the network may have been trained on; other ones than those it is judged by. */
  readonly data: LabelledData;
  /** The share of spikes that are lost during the set-up; see `withSpikeDropout`. Default 0, none. */
  readonly dropout?: number;
  /** Decides which spikes are lost. Default 0. */
  readonly seed?: number;
}

/**
 * The set-up phase: runs a network once over calibration data, with some of its spikes dropped if wanted, and
 * returns what every policy is calibrated on. The network itself stays as it is.
 *
 * Throws what `withSpikeDropout` and `collectStatistics` throw.
 */
export async function runSetup(graph: Graph, options: SetupOptions): Promise<CutoffStatistics> {
  const { backend, registry, data, dropout: rate = 0, seed = 0, timesteps } = options;
  requireShare(rate, 'dropout', 'runSetup');
  const network = rate === 0 ? graph : withSpikeDropout(graph, { rate, registry });
  const program = await backend.compile(network, { registry });
  try {
    const batches = rate === 0 ? data : withKeys(data, timesteps, seed);
    return await collectStatistics(program, batches, options);
  } finally {
    program.dispose();
  }
}

/** Adds another key to every batch. */
async function* withKeys(
  data: LabelledData,
  timesteps: number,
  seed: number,
): AsyncGenerator<LabelledBatch, void, void> {
  const random = createRandom(seed);
  for await (const { inputs, labels } of data) {
    // With the timestep added it stays among the whole numbers that float32 tells apart.
    const key = random.below(2 ** 24 - timesteps);
    yield { inputs: { ...inputs, [dropoutKey]: tensor([key], []) }, labels };
  }
}
