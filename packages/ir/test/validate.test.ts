import {
  assertValid,
  createBuilder,
  createRegistry,
  type Graph,
  type GraphNode,
  type Problem,
  tensor,
  validate,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';

const registry = createRegistry();

/** `y = w * x + v`, with `v` a state that holds the last y. */
function soundGraph(): Graph {
  const builder = createBuilder({ name: 'net' });
  const x = builder.input('x', ['N', 2]);
  const w = builder.param('w', [2], { tensor: tensor([1, 2]) });
  const v = builder.state('v', { like: x });
  const y = builder.add(builder.mul(x, w, 'scaled'), v, 'y');
  builder.write(v, y);
  builder.output('y', y);
  return builder.build();
}

/** The sound graph with nodes changed by id, and nodes added at the end. */
function graphWith(
  changes: Readonly<Record<string, Partial<GraphNode> | undefined>>,
  added: readonly Partial<GraphNode>[] = [],
): Graph {
  const graph = soundGraph();
  const kept = graph.nodes.flatMap((node) => {
    if (!Object.hasOwn(changes, node.id)) return [node];
    const change = changes[node.id];
    return change ? [{ ...node, ...change }] : [];
  });
  const blank = { version: 1, inputs: {}, attributes: {}, outputs: {} };
  return {
    ...graph,
    nodes: [...kept, ...(added as GraphNode[]).map((node) => ({ ...blank, ...node }))],
  };
}

const brief = (problems: readonly Problem[]): string[] =>
  problems.map(({ path, code }) => `${path}: ${code}`);
const check = (graph: Graph): string[] => brief(validate(graph, registry));

test('a sound graph has no problems', () => {
  expect(validate(soundGraph(), registry)).toEqual([]);
  expect(() => assertValid(soundGraph(), registry)).not.toThrow();
});

describe('each rule is reported with the node it concerns', () => {
  test('an unknown operator', () => {
    expect(check(graphWith({ scaled: { op: 'acme/scale' } }))).toEqual([
      'scaled: unknown-operator',
    ]);
  });

  test('a newer version of an operator', () => {
    const [problem] = validate(graphWith({ scaled: { version: 2 } }), registry);
    expect(problem).toMatchObject({
      code: 'newer-operator',
      path: 'scaled',
      expected: 'version 1 or older',
      got: 'version 2',
    });
  });

  test('a parameter without a tensor', () => {
    const [problem] = validate({ ...soundGraph(), weights: new Map() }, registry);
    expect(problem).toMatchObject({ code: 'missing-weight', path: 'w', expected: 'float32 [2]' });
  });

  test.each([
    ['shape', tensor([1, 2, 3]), 'float32 [3]'],
    ['dtype', tensor([1, 2], [2], 'int32'), 'int32 [2]'],
  ])('a parameter whose tensor has another %s', (_, weight, got) => {
    const problems = validate({ ...soundGraph(), weights: new Map([['w', weight]]) }, registry);
    expect(problems).toMatchObject([
      { code: 'shape-mismatch', path: 'w', expected: 'float32 [2]', got },
    ]);
  });

  test('a tensor whose data do not fill its shape', () => {
    const weight = { shape: [2], dtype: 'float32', data: new Float32Array(1) } as const;
    expect(check({ ...soundGraph(), weights: new Map([['w', weight]]) })).toEqual([
      'w: shape-mismatch',
    ]);
  });

  test('a parameter with a NaN', () => {
    const weights = new Map([['w', tensor([1, Number.NaN])]]);
    expect(check({ ...soundGraph(), weights })).toEqual(['w: not-a-number']);
  });

  test('an infinite parameter is allowed', () => {
    expect(check({ ...soundGraph(), weights: new Map([['w', tensor([1, Infinity])]]) })).toEqual(
      [],
    );
  });

  test('an operand of the wrong type', () => {
    const ids: Partial<GraphNode> = {
      id: 'ids',
      op: 'spikeloom/input',
      attributes: { shape: [2], dtype: 'int32' },
    };
    const changed = { inputs: { a: 'x', b: 'ids' } };
    expect(check(graphWith({ scaled: changed }, [ids]))).toEqual(['scaled: type-mismatch']);
  });

  test('shapes that do not fit', () => {
    expect(check(graphWith({ w: { attributes: { shape: [3] } } }))).toContain(
      'scaled: shape-mismatch',
    );
  });

  test('a bad attribute', () => {
    expect(check(graphWith({ w: { attributes: { shape: [2], traniable: true } } }))).toEqual([
      'w: invalid-attribute',
    ]);
  });

  test('a missing input', () => {
    expect(check(graphWith({ scaled: { inputs: { a: 'x' } } }))).toEqual(['scaled: missing-input']);
  });

  test('a dangling ref', () => {
    const [problem, ...others] = validate(
      graphWith({ scaled: { inputs: { a: 'x', b: 'q' } } }),
      registry,
    );
    expect(problem).toMatchObject({ code: 'unknown-value', path: 'scaled', got: 'q' });
    expect(others).toEqual([]);
  });

  test('a ref to an output that a node does not have', () => {
    expect(check(graphWith({ scaled: { inputs: { a: 'x:out', b: 'w' } } }))).toEqual([
      'scaled: unknown-value',
    ]);
  });

  test('two nodes of one id', () => {
    expect(check(graphWith({}, [{ id: 'y', op: 'spikeloom/neg', inputs: { x: 'x' } }]))).toEqual([
      'y: already-exists',
    ]);
  });

  test('a cycle, with the way round', () => {
    const graph = graphWith({ scaled: { inputs: { a: 'y', b: 'w' } } });
    const problems = validate(graph, registry);
    expect(problems).toMatchObject([
      { code: 'cycle', fix: 'let the connection pass through a state' },
    ]);
    expect(problems[0]!.message).toMatch(/scaled -> y -> scaled$|y -> scaled -> y$/);
  });

  test('a node that reads itself', () => {
    expect(check(graphWith({ scaled: { inputs: { a: 'scaled', b: 'w' } } }))).toEqual([
      'scaled: cycle',
    ]);
  });

  test('a state without a write', () => {
    expect(check(graphWith({ 'v.write': undefined }))).toEqual(['v: state-not-written']);
  });

  test('a state with two writes, naming both', () => {
    const second = { id: 'again', op: 'spikeloom/write', inputs: { state: 'v', value: 'x' } };
    const [problem, ...others] = validate(graphWith({}, [second]), registry);
    expect(problem).toMatchObject({ code: 'state-written-twice', path: 'v' });
    expect(problem!.message).toContain('v.write, again');
    expect(others).toEqual([]);
  });

  test('a write to what is no state', () => {
    const wrong = { id: 'bad', op: 'spikeloom/write', inputs: { state: 'x', value: 'y' } };
    expect(check(graphWith({}, [wrong]))).toEqual(['bad: type-mismatch']);
  });

  test('an output that does not exist', () => {
    const [problem] = validate({ ...soundGraph(), outputs: { y: 'y', z: 'nowhere' } }, registry);
    expect(problem).toMatchObject({ code: 'unknown-value', path: 'nowhere' });
    expect(problem!.message).toContain('"z"');
  });

  test('a graph without outputs', () => {
    expect(check({ ...soundGraph(), outputs: {} })).toEqual(['net: invalid-graph']);
  });
});

describe('one pass finds everything', () => {
  test('that is wrong, in one error', () => {
    const graph: Graph = {
      ...graphWith({ scaled: { op: 'acme/scale' }, 'v.write': undefined }, [
        { id: 'dangling', op: 'spikeloom/neg', inputs: { x: 'q' } },
        { id: 'w2', op: 'spikeloom/param', attributes: { shape: [1] } },
        { id: 'round', op: 'spikeloom/add', inputs: { a: 'about', b: 'x' } },
        { id: 'about', op: 'spikeloom/neg', inputs: { x: 'round' } },
        { id: 'x', op: 'spikeloom/neg', inputs: { x: 'w' } },
      ]),
      outputs: { y: 'y', z: 'nowhere' },
      weights: new Map([['w', tensor([Number.NaN, 1])]]),
    };
    expect(check(graph).toSorted()).toEqual([
      'dangling: unknown-value',
      'nowhere: unknown-value',
      'round: cycle',
      'scaled: unknown-operator',
      'v: state-not-written',
      'w2: missing-weight',
      'w: not-a-number',
      'x: already-exists',
    ]);
    const error = thrownBy(() => assertValid(graph, registry));
    expect(error.code).toBe('invalid-graph');
    expect(error.message).toContain('graph "net" has 8 problems:');
    expect(error.problems).toHaveLength(8);
  });

  test('but does not blame nodes for what they read', () => {
    const broken = graphWith({ scaled: { op: 'acme/scale' } }, [
      { id: 'after', op: 'spikeloom/neg', inputs: { x: 'y' } },
    ]);
    expect(check({ ...broken, outputs: { y: 'after' } })).toEqual(['scaled: unknown-operator']);
  });
});

test('a node that stands before one it reads is reported', () => {
  const graph = soundGraph();
  const [x, ...others] = graph.nodes;
  expect(validate({ ...graph, nodes: [...others, x!] }, registry)).toMatchObject([
    { code: 'invalid-graph', path: 'scaled', got: 'x' },
  ]);
});

test('a chain of 20,000 nodes is checked without running out of stack', () => {
  const builder = createBuilder();
  let value = builder.input('x', [1]);
  for (let index = 0; index < 20_000; index++) value = builder.neg(value, `n${index}`);
  builder.output('y', value);
  expect(check(builder.build())).toEqual([]);
});
