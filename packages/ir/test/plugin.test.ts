import { defineOp, definePlugin, type Plugin, pluginApiVersion, realType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';

const operatorCalled = (id: string) =>
  defineOp({
    id,
    version: 1,
    summary: 'Does nothing.',
    inputs: {},
    attributes: {},
    outputs: () => ({ out: realType([]) }),
    examples: [],
  });

describe('definePlugin', () => {
  test('gives the plugin back, frozen', () => {
    const plugin = { id: 'test/plugin', apiVersion: 1, operators: [operatorCalled('test/a')] };
    expect(definePlugin(plugin)).toBe(plugin);
    expect(Object.isFrozen(plugin)).toBe(true);
  });

  test('needs nothing but an id and the version of the contract', () => {
    expect(definePlugin({ id: 'test/empty', apiVersion: pluginApiVersion })).toEqual({
      id: 'test/empty',
      apiVersion: 1,
    });
  });

  test('refuses a plugin for a newer contract, naming both versions, and says to update the IR', () => {
    const error = thrownBy(() => definePlugin({ id: 'test/new', apiVersion: 2 }));
    expect(error).toMatchObject({
      code: 'plugin-version',
      path: 'test/new',
      expected: 'apiVersion 1',
      got: '2',
      fix: 'update @spikeloom/ir',
    });
  });

  test('refuses a plugin for an older contract, and says to update the plugin', () => {
    const error = thrownBy(() => definePlugin({ id: 'test/old', apiVersion: 0 }));
    expect(error).toMatchObject({ code: 'plugin-version', got: '0' });
    expect(error.fix).toMatch(/^update the plugin/);
  });

  test('refuses a plugin that states no version', () => {
    expect(thrownBy(() => definePlugin({ id: 'test/none' } as Plugin)).code).toBe('plugin-version');
  });

  test.each(['plain', '', 'a/b/c', 'a b/c', '/name', 'vendor/'])(
    'refuses %j as the id of an operator or a plugin',
    (id) => {
      const withOperator = { id: 'test/p', apiVersion: 1, operators: [operatorCalled(id)] };
      expect(thrownBy(() => definePlugin(withOperator))).toMatchObject({
        code: 'invalid-argument',
        path: 'test/p',
        got: `"${id}"`,
      });
      expect(thrownBy(() => definePlugin({ id, apiVersion: 1 }))).toMatchObject({
        code: 'invalid-argument',
        got: `"${id}"`,
      });
    },
  );

  test.each(['spikeloom.neurons/lif', 'my-lab/net_2', 'v.1/x.y'])('takes %j', (id) => {
    const plugin = { id: 'test/p', apiVersion: 1, operators: [operatorCalled(id)] };
    expect(definePlugin(plugin).operators[0]!.id).toBe(id);
  });
});

test('an operator is frozen when it is defined', () => {
  expect(Object.isFrozen(operatorCalled('test/a'))).toBe(true);
});
