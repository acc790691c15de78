/** Runs of converted networks on calibration data: what they cost, and which sites their errors come from. */
import type { Graph, Ref, Registry, Tensor } from '@spikeloom/ir';
import { type Backend, type Cancellation, neuronLayers, spikeCounts } from '@spikeloom/runtime';
import type { Events } from './operation-counts.ts';
import type { Site } from './sites.ts';

export interface RunSettings {
  readonly backend: Backend;
  readonly registry: Registry;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly timesteps: number;
  readonly signal?: Cancellation | undefined;
}

/** Spikes per neuron at each timestep, of every site. */
export async function measureEvents(
  graph: Graph,
  sites: readonly Site[],
  settings: RunSettings,
): Promise<Events> {
  const { backend, registry, inputs, timesteps, signal } = settings;
  const paths = new Set(sites.map(({ neuron }) => neuron));
  const layers = neuronLayers(graph, registry).filter(({ path }) => paths.has(path));
  const counts = spikeCounts(layers);
  const program = await backend.compile(graph, { registry });
  try {
    await program.run(inputs, { timesteps, taps: counts.taps, signal });
  } finally {
    program.dispose();
  }
  const samples = Object.values(inputs)[0]?.shape[0] ?? 1;
  const seen = counts.read();
  const perSite = layers.map(({ path, neurons }) => {
    const { source } = sites.find(({ neuron }) => neuron === path)!;
    return [source, seen.get(path)!.map((count) => count / (neurons * samples))] as const;
  });
  return new Map<Ref, readonly number[]>(perSite);
}

/** The mean over time of every output, all in one row. */
export async function meanOutputs(graph: Graph, settings: RunSettings): Promise<Float64Array> {
  const { backend, registry, inputs, timesteps, signal } = settings;
  const program = await backend.compile(graph, { registry });
  try {
    const outputs = Object.values(await program.run(inputs, { timesteps, signal }));
    const means = outputs.map(({ data }) => {
      const size = data.length / timesteps;
      return Float64Array.from({ length: size }, (_, index) => {
        let sum = 0;
        for (let step = 0; step < timesteps; step++) sum += data[step * size + index]!;
        return sum / timesteps;
      });
    });
    return Float64Array.from(means.flatMap((values) => [...values]));
  } finally {
    program.dispose();
  }
}
