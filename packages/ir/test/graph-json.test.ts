import {
  createBuilder,
  createRegistry,
  defineOp,
  definePlugin,
  type Graph,
  graphFromJson,
  type GraphJson,
  graphToJson,
  irVersion,
  linear,
  realType,
  tensor,
  validate,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';

const split = defineOp({
  id: 'test/split',
  version: 3,
  summary: 'Two outputs.',
  inputs: { x: { dtype: 'float32' } },
  attributes: {},
  outputs: ({ x }) => ({ left: x, right: realType([1]) }),
  examples: [],
});
const plugin = definePlugin({ id: 'test/plugin', apiVersion: 1, operators: [split] });
const registry = createRegistry([plugin]);

/** A graph with everything a graph can have. */
function fullGraph(): Graph {
  const builder = createBuilder({ name: 'net' });
  const x = builder.input('x', ['N', 4]);
  const block = builder.scope('blocks.0');
  const weight = block.param('fc.weight', [4, 4], {
    tensor: tensor(
      Array.from({ length: 16 }, (_, index) => index / 3),
      [4, 4],
    ),
    trainable: false,
  });
  const { out } = block.apply(linear, { x, weight }, {}, 'fc');
  const v = block.state('v', { like: out, initial: -0.5 });
  const mean = block.buffer('mean', [4], { tensor: tensor([0, 1, 2, 3]) });
  const levels = block.quantizeLevels(
    block.add(v, block.sub(out, mean)),
    { positive: 0.1, negative: 1e-7, levels: 3 },
    'levels',
  );
  block.write(v, block.mul(levels, 0.1 + 0.2));
  const { left, right } = builder.apply(split, { x: levels }, {}, 'parts');
  builder.output('joined', builder.concat([builder.reshape(left, ['N', -1]), left], 1));
  builder.output('right', right);
  builder.output('step', builder.step());
  return builder.build({ classes: ['a', 'b'], nested: { deep: [1, null, true, -0.25] } });
}

const throughText = (graph: Graph): unknown => JSON.parse(JSON.stringify(graphToJson(graph)));
const withJson = (change: (json: Record<string, unknown>) => void): unknown => {
  const json = throughText(fullGraph()) as Record<string, unknown>;
  change(json);
  return json;
};
const read = (json: unknown): Graph => graphFromJson(json, fullGraph().weights, registry);

describe('the round trip', () => {
  test('is exact', () => {
    const graph = fullGraph();
    expect(graphFromJson(throughText(graph), graph.weights, registry)).toEqual(graph);
  });

  test('is exact the second time too', () => {
    const again = read(throughText(fullGraph()));
    expect(graphToJson(again)).toEqual(graphToJson(fullGraph()));
  });

  test('keeps the tensors as they are given', () => {
    const { weights } = fullGraph();
    expect(graphFromJson(throughText(fullGraph()), weights, registry).weights).toBe(weights);
  });

  test('does not write types, empty inputs, empty attributes or empty metadata', () => {
    const builder = createBuilder({ name: 'small' });
    builder.output('t', builder.step());
    expect(graphToJson(builder.build())).toEqual({
      irVersion: 1,
      name: 'small',
      nodes: [{ id: 'step', op: 'spikeloom/step', version: 1 }],
      outputs: { t: 'step' },
    });
  });

  test('puts nodes into an order in which they can run', () => {
    const json = withJson((it) => (it['nodes'] as unknown[]).reverse());
    const graph = read(json);
    expect(validate(graph, registry)).toEqual([]);
    expect(new Set(graph.nodes.map(({ id }) => id))).toEqual(
      new Set(fullGraph().nodes.map(({ id }) => id)),
    );
  });

  test('fills in attributes that are left out', () => {
    const json = withJson((it) => {
      const node = (it['nodes'] as GraphJson['nodes']).find(({ id }) => id === 'blocks.0.v')!;
      delete (node as { attributes?: object }).attributes;
      Object.assign(node, { attributes: { shape: ['N', 4] } });
    });
    const state = read(json).nodes.find(({ id }) => id === 'blocks.0.v')!;
    expect(state.attributes).toEqual({ shape: ['N', 4], initial: 0, signal: { kind: 'real' } });
  });

  test('takes a node written by an older version of its operator', () => {
    const json = withJson((it) => {
      const nodes = it['nodes'] as { id: string; version: number }[];
      nodes.find(({ id }) => id === 'parts')!.version = 2;
    });
    expect(read(json).nodes.find(({ id }) => id === 'parts')!.version).toBe(3);
  });
});

describe('a file of a newer version', () => {
  test('of the IR is refused with both versions, whatever else it contains', () => {
    const error = thrownBy(() => read({ irVersion: irVersion + 1, hologram: true }));
    expect(error).toMatchObject({
      code: 'newer-ir-version',
      expected: 'IR version 1 or older',
      got: '2',
      fix: 'update @spikeloom/ir',
    });
  });

  test('of an operator is refused, naming the node', () => {
    const json = withJson((it) => {
      (it['nodes'] as { version: number }[])[0]!.version = 7;
    });
    expect(thrownBy(() => read(json))).toMatchObject({
      code: 'newer-operator',
      path: 'x',
      got: 'version 7',
    });
  });
});

describe('a graph that breaks rules is refused', () => {
  test('with the operator it does not know', () => {
    const error = thrownBy(() =>
      graphFromJson(throughText(fullGraph()), new Map(), createRegistry()),
    );
    expect(error).toMatchObject({ code: 'unknown-operator', path: 'parts' });
    expect(error.message).toContain('"test/split"');
  });

  test('with everything that is wrong at once', () => {
    const json = withJson((it) => {
      const nodes = it['nodes'] as { id: string; op: string; inputs: object }[];
      nodes.find(({ id }) => id === 'parts')!.op = 'acme/unknown';
      nodes.find(({ id }) => id === 'blocks.0.sub')!.inputs = { a: 'nowhere', b: 'blocks.0.mean' };
    });
    const error = thrownBy(() => read(json));
    expect(error.code).toBe('invalid-graph');
    expect(error.problems.map(({ path, code }) => [path, code])).toEqual([
      ['blocks.0.sub', 'unknown-value'],
      ['parts', 'unknown-operator'],
    ]);
  });
});

describe('what is not of the form is refused as a corrupt file, with the place', () => {
  const node = { id: 'x', op: 'spikeloom/input', version: 1, attributes: { shape: [1] } };
  const whole = { irVersion: 1, name: 'g', nodes: [node], outputs: { y: 'x' } };

  test('while the form itself is fine', () => {
    expect(read(whole).outputs).toEqual({ y: 'x' });
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'graph'],
    ['null', null, 'graph'],
    ['a number', 3, 'graph'],
    ['a list', [whole], 'irVersion'],
    ['an empty object', {}, 'irVersion'],
    ['a fractional version', { ...whole, irVersion: 0.5 }, 'irVersion'],
    ['a version as text', { ...whole, irVersion: '1' }, 'irVersion'],
    ['no name', { ...whole, name: '' }, 'name'],
    ['an endless name', { ...whole, name: 'n'.repeat(1025) }, 'name'],
    ['an unknown key', { ...whole, extra: 1 }, 'extra'],
    ['nodes that are no list', { ...whole, nodes: { 0: node } }, 'nodes'],
    ['a node that is no object', { ...whole, nodes: [node, 'neg'] }, 'nodes.1'],
    ['a node without an id', { ...whole, nodes: [{ ...node, id: undefined }] }, 'nodes.0.id'],
    ['a node with an empty id', { ...whole, nodes: [{ ...node, id: '' }] }, 'nodes.0.id'],
    ['an id that reads as a ref', { ...whole, nodes: [{ ...node, id: 'a:b' }] }, 'nodes.0.id'],
    ['an id with spaces', { ...whole, nodes: [{ ...node, id: 'a b' }] }, 'nodes.0.id'],
    ['an unknown key of a node', { ...whole, nodes: [{ ...node, out: 1 }] }, 'nodes.0.out'],
    ['an operator that is no text', { ...whole, nodes: [{ ...node, op: 5 }] }, 'nodes.0.op'],
    [
      'a version 0 of an operator',
      { ...whole, nodes: [{ ...node, version: 0 }] },
      'nodes.0.version',
    ],
    [
      'an input that is a number',
      { ...whole, nodes: [{ ...node, inputs: { x: 1 } }] },
      'nodes.0.inputs.x',
    ],
    [
      'a list of lists as input',
      { ...whole, nodes: [{ ...node, inputs: { x: [['a']] } }] },
      'nodes.0.inputs.x',
    ],
    ['an output that is no text', { ...whole, outputs: { y: ['x'] } }, 'outputs.y'],
    ['metadata that are text', { ...whole, metadata: 'hello' }, 'metadata'],
  ])('%s', (_, json, path) => {
    const error = thrownBy(() => read(json));
    expect(error.code).toBe('corrupt-file');
    expect(error.path).toContain(path);
  });
});

test('keys that touch the prototype of objects do no harm', () => {
  const text = JSON.stringify(graphToJson(fullGraph())).replace(
    '"outputs":{',
    '"outputs":{"__proto__":"x","constructor":"x",',
  );
  const graph = read(JSON.parse(text));
  expect(Object.getPrototypeOf(graph.outputs)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

test('nesting that no graph needs is refused before anything walks down it', () => {
  const lists = '['.repeat(50_000) + ']'.repeat(50_000);
  const json = withJson((it) => {
    it['metadata'] = { deep: JSON.parse(lists) as unknown };
  });
  expect(thrownBy(() => read(json))).toMatchObject({
    code: 'too-large',
    expected: 'at most 100 levels',
  });
});
