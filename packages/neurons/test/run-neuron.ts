import { cpuBackend } from '@spikeloom/backend-cpu';
import { type AnyOperator, createBuilder, createRegistry, type Tensor } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { type Backend, traces } from '@spikeloom/runtime';

export interface NeuronRun {
  /** What left the neuron, `[T, …]`. */
  readonly spikes: Float32Array;
  /** The state or value that was looked at after every step, `[T, …]`. */
  readonly membrane: Float32Array;
}

/**
 * Runs one neuron alone.
 *
 * @param currents one tensor, or one list of numbers, for each timestep
 */
export async function runNeuron(
  op: AnyOperator,
  attributes: object,
  currents: readonly (Tensor | readonly number[])[],
  options: {
    readonly backend?: Backend;
    readonly kernels?: 'all' | 'primitives';
    /** The state or value to look at, by its path below the neuron; default `v`. */
    readonly at?: string;
    readonly w?: number;
  } = {},
): Promise<NeuronRun> {
  const { backend = cpuBackend(), kernels = 'all', at = 'v', w } = options;
  const given = currents.map((current): Tensor =>
    'shape' in current
      ? current
      : { shape: [current.length], dtype: 'float32', data: Float32Array.from(current) },
  );
  const builder = createBuilder();
  const current = builder.input('current', given[0]!.shape);
  const inputs = w === undefined ? { current } : { current, w: builder.constant(w) };
  builder.output('spikes', builder.apply(op, inputs, attributes, 'neuron')['spikes']!);
  const program = await backend.compile(builder.build(), {
    registry: createRegistry([neurons]),
    kernels,
    // States can be seen while a kernel runs the neuron; other values only by its lowering.
    expose: at.endsWith('potential') ? [`neuron.${at}`] : [],
  });
  const potentials = traces([`neuron.${at}`]);
  const { spikes } = await program.run(
    { current: given },
    { timesteps: given.length, taps: potentials.taps },
  );
  program.dispose();
  return {
    spikes: spikes!.data as Float32Array,
    membrane: potentials.read().get(`neuron.${at}`)!.data as Float32Array,
  };
}

/** The same current at every step, for one neuron. */
export function constant(current: number, timesteps: number): number[][] {
  return Array.from({ length: timesteps }, () => [current]);
}
