import {
  createRegistry,
  defineOp,
  definePlugin,
  layerOperators,
  type Plugin,
  primitiveOperators,
  realType,
  softmax,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';

const constantOf = (id: string) =>
  defineOp({
    id,
    version: 1,
    summary: 'A number.',
    inputs: {},
    attributes: {},
    outputs: () => ({ out: realType([]) }),
    lower: (b) => ({ out: b.constant(1) }),
    examples: [],
  });
const own = constantOf('test/own');
const plugin = definePlugin({ id: 'test/plugin', apiVersion: 1, operators: [own] });

describe('createRegistry', () => {
  test('knows the operators of the IR without any plugin', () => {
    const registry = createRegistry();
    for (const op of [...primitiveOperators, ...layerOperators]) {
      expect(registry.operator(op.id)).toBe(op);
    }
    expect(registry.operators.size).toBe(primitiveOperators.length + layerOperators.length);
  });

  test('adds the operators of its plugins', () => {
    const registry = createRegistry([plugin]);
    expect(registry.operator('test/own')).toBe(own);
    expect(registry.plugins).toEqual([plugin]);
  });

  test('is not changed by another one', () => {
    createRegistry([plugin]);
    expect(createRegistry().operators.has('test/own')).toBe(false);
  });

  test('cannot be changed, and does not follow the list it was made of', () => {
    const plugins: Plugin[] = [];
    const registry = createRegistry(plugins);
    plugins.push(plugin);
    expect(registry.plugins).toEqual([]);
    expect(() => Object.assign(registry, { operators: new Map() })).toThrow(TypeError);
    expect(() => (registry.plugins as Plugin[]).push(plugin)).toThrow(TypeError);
  });

  test('takes the same operator from two plugins', () => {
    const again = definePlugin({ id: 'test/again', apiVersion: 1, operators: [own] });
    expect(createRegistry([plugin, again]).operator('test/own')).toBe(own);
  });

  test('refuses two operators of one id, naming the second plugin', () => {
    const clash = definePlugin({
      id: 'test/clash',
      apiVersion: 1,
      operators: [constantOf('test/own')],
    });
    const error = thrownBy(() => createRegistry([plugin, clash]));
    expect(error).toMatchObject({ code: 'already-exists', path: 'test/clash' });
    expect(error.message).toContain('"test/own"');
  });

  test('refuses an operator that would replace one of the IR', () => {
    const clash = { id: 'test/clash', apiVersion: 1, operators: [constantOf(softmax.id)] };
    expect(thrownBy(() => createRegistry([clash])).code).toBe('already-exists');
  });

  test('checks plugins that were not made by definePlugin', () => {
    expect(thrownBy(() => createRegistry([{ id: 'test/raw', apiVersion: 9 }])).code).toBe(
      'plugin-version',
    );
  });
});

describe('an unknown operator', () => {
  const fixOf = (id: string): string | undefined =>
    thrownBy(() => createRegistry().operator(id)).fix;

  test('names what was asked for', () => {
    const error = thrownBy(() => createRegistry().operator('acme/neuron'));
    expect(error.code).toBe('unknown-operator');
    expect(error.message).toContain('"acme/neuron"');
  });

  test('of Spikeloom says which package to install', () => {
    expect(fixOf('spikeloom.neurons/lif')).toBe(
      'install @spikeloom/neurons and pass it to createRegistry([...])',
    );
  });

  test('of someone else says whose plugin to pass', () => {
    expect(fixOf('acme/neuron')).toBe('pass the plugin of "acme" to createRegistry([...])');
    expect(fixOf('nonsense')).toContain('"nonsense"');
  });

  test('is not found on the prototype of anything', () => {
    for (const id of ['constructor', '__proto__', 'toString']) {
      expect(thrownBy(() => createRegistry().operator(id)).code).toBe('unknown-operator');
    }
  });
});

describe('the operators of the IR', () => {
  const all = [...primitiveOperators, ...layerOperators];

  test('have ids of their own under spikeloom/', () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const { id } of all) expect(id).toMatch(/^spikeloom\/[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  test('are primitives or layers, by whether they have a lowering', () => {
    expect(primitiveOperators.every(({ lower }) => lower === undefined)).toBe(true);
    expect(layerOperators.every(({ lower }) => lower !== undefined)).toBe(true);
  });

  test.each(all.map((op) => ({ id: op.id, op })))('$id says what it means', ({ op }) => {
    expect(op.summary).toMatch(/\.$/);
    expect(op.equation).toBeTruthy();
    expect(op.signalRule).toBeTruthy();
    for (const name of (op.affineIn ?? []).flat()) expect(op.inputs).toHaveProperty(name);
  });

  test.each(primitiveOperators.map((op) => ({ id: op.id, op })))('$id says its work', ({ op }) => {
    expect(op.work).toBeTypeOf('function');
  });
});
