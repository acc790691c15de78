import { cpuBackend } from '@spikeloom/backend-cpu';
import { analyse, compensate, convertEcmt } from '@spikeloom/conversion';
import {
  type Builder,
  createBuilder,
  createRegistry,
  definePlugin,
  type Graph,
  primitives,
  relu,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import { conversion } from '@spikeloom/conversion';
import { describe, expect, test } from 'vitest';
import { dense, perceptron, randomInputs } from './perceptron.ts';
import { registry, trained } from './tiny-vit.ts';

/** A network of two layers with anything between them. */
function around(between: (b: Builder, x: Value) => Value): Graph {
  const b = createBuilder({ name: 'net' });
  const hidden = dense(b, 'first', b.input('x', ['N', 4]), 5, 1);
  b.output('logits', dense(b, 'last', between(b, hidden), 3, 2));
  return b.build();
}

const convert = (graph: Graph, known = registry) =>
  convertEcmt(graph, { backend: cpuBackend(), registry: known, data: randomInputs(1) });

describe('conversion refuses', () => {
  test.each<[string, Graph, string, string]>([
    [
      'a neuron',
      around((b, x) => b.apply(lif, { current: x }, {}, 'cell').spikes),
      'cell',
      'spikeloom.neurons/lif keeps a state, so the network is a spiking one already',
    ],
    [
      'a product of two activations that is no matrix product',
      around((b, x) => b.mul(x, b.neg(x), 'square')),
      'square',
      'spikeloom/mul multiplies or divides two activations (a and b), which has no conversion rule',
    ],
    [
      'the square of an activation',
      around((b, x) => b.mul(x, x, 'square')),
      'square',
      'spikeloom/mul multiplies or divides two activations (a and b), which has no conversion rule',
    ],
    [
      'the quotient of two activations',
      around((b, x) => b.div(x, b.neg(x), 'share')),
      'share',
      'spikeloom/div multiplies or divides two activations (a and b), which has no conversion rule',
    ],
    [
      'a function nobody compensates',
      around((b, x) => b.exp(x, 'growth')),
      'growth',
      'spikeloom/exp is not linear in x and no plugin compensates it',
    ],
    [
      'a division by an activation',
      around((b, x) => b.div(1, x, 'inverse')),
      'inverse',
      'spikeloom/div is not linear in b and no plugin compensates it',
    ],
    [
      'a comparison',
      around((b, x) => b.cast(b.greater(x, 0, 'gate'), 'float32', 'open')),
      'gate',
      'spikeloom/greater is not linear in a and no plugin compensates it',
    ],
    [
      'something that reads the timestep',
      around((b, x) => b.mul(x, b.step('clock'))),
      'clock',
      'spikeloom/step reads the timestep, so the network is a spiking one already',
    ],
  ])('%s, naming the node and the reason', async (_, graph, path, message) => {
    const problem = { code: 'cannot-convert', path, message };
    await expect(convert(graph)).rejects.toMatchObject({
      code: 'cannot-convert',
      problems: expect.arrayContaining([expect.objectContaining(problem)]),
    });
  });

  test('with every node it has no rule for, not only the first', async () => {
    const graph = around((b, x) => b.sqrt(b.abs(b.exp(x, 'one'), 'two'), 'three'));
    await expect(convert(graph)).rejects.toMatchObject({
      problems: [{ path: 'one' }, { path: 'two' }, { path: 'three' }],
    });
  });

  test('a network that was converted before but has lost its report', async () => {
    const { graph } = await convert(perceptron());
    await expect(convert({ ...graph, metadata: {} })).rejects.toMatchObject({
      code: 'cannot-convert',
      problems: expect.arrayContaining([
        expect.objectContaining({ path: 'act1.neuron' }),
        expect.objectContaining({ path: 'act1' }),
      ]),
    });
  });

  test('an operator the registry does not know', async () => {
    const graph = around((b, x) => b.apply(lif, { current: x }, {}, 'cell').spikes);
    await expect(convert(graph, createRegistry([conversion]))).rejects.toMatchObject({
      code: 'unknown-operator',
    });
  });
});

test('a plugin may bring the compensation of another function', async () => {
  const by = compensate(primitives.exp, ['x'], 'example/compensated-exp');
  const plugin = definePlugin({
    id: 'example/plugin',
    apiVersion: 1,
    operators: [by],
    compensations: [{ of: primitives.exp, by, kind: 'function', over: ['x'] }],
  });
  const graph = around((b, x) => b.exp(x, 'growth'));
  const known = createRegistry([neurons, conversion, plugin]);
  const { graph: spiking } = await convert(graph, known);
  expect(spiking.nodes.find(({ id }) => id === 'growth')!.op).toBe('example/compensated-exp');
});

test('what depends on weights alone may be anything', async () => {
  const graph = around((b, x) => {
    const scale = b.param('scale', [5], { tensor: tensor([1, 2, 3, 4, 5]) });
    return b.apply(relu, { x: b.mul(x, b.exp(b.mul(scale, scale), 'fixed')) }, {}, 'act').out;
  });
  expect(analyse(graph, registry).parts.get('fixed')).toEqual({ kind: 'fixed' });
  const { graph: spiking } = await convert(graph);
  expect(spiking.nodes.find(({ id }) => id === 'fixed')!.op).toBe('spikeloom/exp');
});

test('the parts of a block are those of the reference', () => {
  const { parts, problems } = analyse(trained(), registry);
  expect(problems).toEqual([]);
  const kinds = Object.fromEntries(
    [...parts]
      .filter(([id]) => id.startsWith('blocks.0.'))
      .map(([id, { kind }]) => [id.slice('blocks.0.'.length), kind]),
  );
  expect(kinds).toMatchObject({
    norm1: 'function',
    'norm1.weight': 'fixed',
    'attn.qkv': 'synaptic',
    'attn.split': 'linear',
    'attn.scores': 'product',
    'attn.scaled': 'linear',
    'attn.softmax': 'function',
    'attn.context': 'product',
    'attn.proj': 'synaptic',
    residual1: 'linear',
    'mlp.act': 'function',
  });
  expect(parts.get('patch_embed.proj')).toMatchObject({ kind: 'synaptic', analogue: 'input' });
  expect(parts.get('head')).toMatchObject({ kind: 'synaptic', analogue: 'head' });
});
