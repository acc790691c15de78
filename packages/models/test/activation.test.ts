import { createBuilder, tensor } from '@spikeloom/ir';
import {
  type Activation,
  clipActivation,
  lifActivation,
  qcfsActivation,
  reluActivation,
  vgg,
} from '@spikeloom/models';
import { integrateAndFire, lif, triangle } from '@spikeloom/neurons';
import { expect, test } from 'vitest';

function added(activation: Activation) {
  const b = createBuilder();
  const value = activation.add(b.scope('net'), b.input('x', ['N', 3]), 'act');
  expect(value.ref).toBe('net.act');
  expect(value.type.shape).toEqual(['N', 3]);
  const { nodes, weights } = b.build();
  return { node: nodes.at(-1)!, weights };
}

test('a ReLU is a ReLU', () => {
  expect(added(reluActivation()).node.op).toBe('spikeloom/relu');
});

test.each([
  ['spikeloom.neurons/qcfs', qcfsActivation],
  ['spikeloom.neurons/clip', clipActivation],
])('%s has a threshold of its own, of 8 unless another is given', (op, make) => {
  const usual = added(make());
  expect(usual.node.op).toBe(op);
  expect(usual.node.inputs['threshold']).toBe('net.act.vthr');
  expect(usual.weights.get('net.act.vthr')).toEqual(tensor([8]));
  expect(added(make({ threshold: 2.5 })).weights.get('net.act.vthr')).toEqual(tensor([2.5]));
});

test.each([0, -1, Number.NaN, Infinity])('a threshold of %d is refused', (threshold) => {
  expect(() => added(qcfsActivation({ threshold }))).toThrow(
    expect.objectContaining({ code: 'invalid-argument', path: 'act.vthr' }),
  );
});

test('QCFS has the levels it is given', () => {
  expect(added(qcfsActivation({ levels: 4 })).node.attributes['levels']).toBe(4);
});

test('the leaky neuron is that of direct training, but for what is given', () => {
  const direct = {
    tau: 2,
    leakAfterReset: true,
    comparison: '>',
    reset: 0,
    threshold: 1,
    surrogate: triangle(1),
    detachReset: false,
    output: 'binary',
  };
  const { node } = added(lifActivation());
  expect(node.op).toBe(lif.id);
  expect(node.attributes).toMatchObject(direct);
  expect(added(lifActivation({ tau: 3 })).node.attributes).toMatchObject({ ...direct, tau: 3 });
});

test('anything that adds nodes may be the activation of a network', () => {
  const activation: Activation = {
    name: 'if',
    add: (b, x, id) => b.apply(integrateAndFire, { current: x }, { initial: 0.5 }, id).spikes,
  };
  const graph = vgg({ depth: 11, activation });
  expect(graph.nodes.filter(({ op }) => op === integrateAndFire.id).map(({ id }) => id)).toEqual([
    'layer1.2',
    'layer2.2',
    'layer3.2',
    'layer3.6',
    'layer4.2',
    'layer4.6',
    'layer5.2',
    'layer5.6',
    'classifier.2',
    'classifier.5',
  ]);
});
