import {
  createBuilder,
  createRandom,
  createRegistry,
  eliminateDeadCode,
  graphFromJson,
  graphToJson,
  isSpikeloomError,
  linear,
  lowerToPrimitives,
  printGraph,
  type Random,
  softmax,
  tensor,
  validate,
} from '@spikeloom/ir';
import { expect, test } from 'vitest';

const registry = createRegistry();

function validGraph() {
  const builder = createBuilder({ name: 'net' });
  const x = builder.input('x', ['N', 2, 4, 4]);
  const weight = builder.param('conv.weight', [3, 2, 3, 3], {
    tensor: tensor(new Float32Array(54), [3, 2, 3, 3]),
  });
  const maps = builder.conv2d({ x, weight }, { padding: [1, 1, 1, 1], stride: [2, 2] }, 'conv');
  const v = builder.state('v', { like: maps });
  const charged = builder.add(v, maps, 'charged');
  const spikes = builder.spike(builder.sub(charged, 1), { kind: 'atan', alpha: 2 }, '>=', 'fire');
  builder.write(v, builder.select(builder.greater(spikes, 0), 0, charged));
  const pooled = builder.avgPool2d(spikes, { kernel: [2, 2], stride: [2, 2] });
  const flat = builder.concat([builder.reshape(pooled, ['N', -1]), builder.mean(maps, [2, 3])], 1);
  const fc = builder.param('fc.weight', [5, 6], { tensor: tensor(new Float32Array(30), [5, 6]) });
  const logits = builder.apply(linear, { x: flat, weight: fc }, {}, 'fc').out;
  const turned = builder.transpose(logits, [1, 0]);
  builder.output('logits', builder.apply(softmax, { x: logits }, { axis: -1 }).out);
  builder.output('first', builder.slice(builder.pad(turned, 0, 1, 1), 0, 1, 2));
  return builder.build({ classes: ['a', 'b'] });
}

const graph = validGraph();
const text = JSON.stringify(graphToJson(graph));

/** Reads what may be anything: true if it is a graph; false if it is refused as it should be. */
function isGraph(json: unknown): boolean {
  try {
    const read = graphFromJson(json, graph.weights, registry);
    // A graph that is read can be looked at; one without problems can be transformed.
    printGraph(read);
    const sound = validate(read, registry).length === 0;
    if (sound) eliminateDeadCode(lowerToPrimitives(read, registry).graph);
    return true;
  } catch (error) {
    if (isSpikeloomError(error)) return false;
    throw new Error(`not refused properly: ${JSON.stringify(json)}`, { cause: error });
  }
}

function junk(random: Random): unknown {
  const choices: unknown[] = [
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    '',
    'x',
    'fc:out',
    'v',
    '__proto__',
    'spikeloom/state',
    'N',
    [],
    [[]],
    [-1, -1],
    ['x', 'fc'],
    {},
    { kind: 'spike' },
    { x: 'x' },
    Array.from({ length: 40 }, () => 2),
  ];
  return choices[random.below(choices.length)];
}

type Holder = Record<string, unknown> | unknown[];

/** Every object and list inside a value. */
function holdersOf(value: unknown): Holder[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Holder, ...Object.values(value).flatMap(holdersOf)];
}

function mutate(json: unknown, random: Random): void {
  const holders = holdersOf(json).filter((holder) => Object.keys(holder).length > 0);
  const holder = holders[random.below(holders.length)] as Record<string, unknown>;
  const keys = Object.keys(holder);
  const key = keys[random.below(keys.length)]!;
  const other = keys[random.below(keys.length)]!;
  const kind = random.below(5);
  if (kind === 0) delete holder[key];
  else if (kind === 1) holder[key] = junk(random);
  else if (kind === 2) [holder[key], holder[other]] = [holder[other], holder[key]];
  else if (kind === 3) holder[key] = structuredClone(holder[other]);
  else holder[String(junk(random))] = holder[key];
}

test('the graph itself is read', () => {
  expect(isGraph(JSON.parse(text))).toBe(true);
});

test.each([1, 2, 3, 4])(
  '%d changes anywhere in the JSON give a graph or a Spikeloom error',
  (changes) => {
    const random = createRandom(100 + changes);
    let graphs = 0;
    const rounds = 700;
    for (let round = 0; round < rounds; round++) {
      const json: unknown = JSON.parse(text);
      for (let change = 0; change < changes; change++) mutate(json, random);
      if (isGraph(json)) graphs += 1;
    }
    // Were all refused, or none, the changes would not reach the interesting places.
    expect(graphs).toBeGreaterThan(0);
    expect(graphs).toBeLessThan(rounds);
  },
);

test('letters exchanged in the text give a graph or a Spikeloom error', () => {
  const random = createRandom(200);
  const letters = '0123456789-.,:"[]{}eNx';
  let parsed = 0;
  for (let round = 0; round < 3000; round++) {
    const at = random.below(text.length);
    const changed = text.slice(0, at) + letters[random.below(letters.length)] + text.slice(at + 1);
    let json: unknown;
    try {
      json = JSON.parse(changed);
    } catch {
      continue;
    }
    parsed += 1;
    isGraph(json);
  }
  expect(parsed).toBeGreaterThan(200);
});
