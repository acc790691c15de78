import {
  type AnyOperator,
  createBuilder,
  createRegistry,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { integrateAndFire, lif, neurons, plif } from '@spikeloom/neurons';
import { traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backPropagate } from './back-propagate.ts';
import { backends } from './backends.ts';
import { type Golden, openGolden, stepsOf } from './golden.ts';

const registry = createRegistry([neurons, training]);
const membranes = { absolute: 1e-6, relative: 0 };
const slopes = { absolute: 1e-6, relative: 1e-5 };

/** The neurons of SpikingJelly that SpikingResformer knows, as ours. */
const cases: readonly (readonly [string, AnyOperator, object])[] = [
  ['lif_default', lif, {}],
  ['lif_two_calls_state_carries', lif, {}],
  ['if_default', integrateAndFire, { reset: 0 }],
  ['plif_default', plif, {}],
  ['plif_tau_1p5', plif, {}],
  ['lif_no_decay_soft_reset', lif, { decayInput: false, reset: null }],
  ['lif_attached_reset', lif, { detachReset: false }],
  ['lif_attached_soft_reset', lif, { detachReset: false, reset: null }],
];

describe.each(backends)('the recorded dynamics on %s', (_, backend) => {
  test.each(cases)('of %s', async (file, op, attributes) => {
    const golden = openGolden(file);
    const x = joined(golden, 'x');
    const graph = neuronGraph(op, attributes, x, golden);
    const program = await backend.compile(graph, { registry, expose: ['neuron.charged'] });
    const seen = traces(['neuron.v', 'neuron.charged']);
    const { spikes } = await program.run(
      { x: stepsOf(x) },
      { timesteps: x.shape[0]!, taps: seen.taps },
    );
    program.dispose();
    expect(spikes!.data).toEqual(joined(golden, 'spike').data);
    expect(spikes!.data).toContain(1);
    const [v, charged] = ['neuron.v', 'neuron.charged'].map((at) => seen.read().get(at)!);
    expectClose('before firing', charged!, joined(golden, 'h_prefire'), membranes);
    expectClose('after the reset', v!, joined(golden, 'v_post'), membranes);
  });

  test.each(cases)('of gradients through time in %s', async (file, op, attributes) => {
    const golden = openGolden(file);
    const x = joined(golden, 'x');
    const { values, gradients } = await backPropagate(neuronGraph(op, attributes, x, golden), {
      backend,
      registry,
      inputs: { x },
      upstream: joined(golden, 'grad_out'),
    });
    expect(values.get('spikes')!.data).toEqual(joined(golden, 'spike').data);
    expectClose('of the current', gradients.get('x')!, joined(golden, 'grad_x'), slopes);
    if (op !== plif) return;
    const learnt = { ...golden.tensor('grad_param.w'), shape: [] };
    expectClose('of the time constant', gradients.get('w')!, learnt, slopes);
  });
});

function neuronGraph(op: AnyOperator, attributes: object, x: Tensor, golden: Golden) {
  const b = createBuilder();
  const current = b.input('x', ['N', ...x.shape.slice(2)]);
  const learnt =
    op === plif
      ? { w: b.param('w', [], { tensor: { ...golden.tensor('param.w'), shape: [] } }) }
      : {};
  b.output('spikes', b.apply(op, { current, ...learnt }, attributes, 'neuron')['spikes']!);
  return b.build();
}

/** A recording of one call, or of two calls between which the potentials stayed. */
function joined(golden: Golden, name: string): Tensor {
  if (golden.names.includes(name)) return golden.tensor(name);
  const [first, second] = [golden.tensor(`${name}.0`), golden.tensor(`${name}.1`)];
  const [timesteps, ...rest] = first.shape as [number, ...number[]];
  return tensor([...first.data, ...second.data], [2 * timesteps, ...rest]);
}
