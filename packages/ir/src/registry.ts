import * as composites from './composites/index.ts';
import { SpikeloomError } from './error.ts';
import type { AnyOperator } from './operator.ts';
import * as primitives from './operators/index.ts';
import { checkPlugin, type Plugin } from './plugin.ts';

/** What is known: the operators of the IR itself and of the plugins given. A value, never changed after it is made. */
export interface Registry {
  readonly plugins: readonly Plugin[];
  readonly operators: ReadonlyMap<string, AnyOperator>;
  /** The operator of this id; throws `unknown-operator` with what to install. */
  operator(id: string): AnyOperator;
}

/** The operators without a lowering, which every backend must bring. */
export const primitiveOperators: readonly AnyOperator[] = Object.values(primitives);
/** The common layers of the IR package, defined by their lowering. */
export const layerOperators: readonly AnyOperator[] = Object.values(composites);

/** Puts plugins together. Two that define the same operator are an error. */
export function createRegistry(plugins: readonly Plugin[] = []): Registry {
  const operators = new Map<string, AnyOperator>();
  for (const op of [...primitiveOperators, ...layerOperators]) operators.set(op.id, op);
  for (const plugin of plugins) {
    checkPlugin(plugin);
    for (const op of plugin.operators ?? []) {
      const known = operators.get(op.id);
      if (known !== undefined && known !== op) {
        throw new SpikeloomError({
          code: 'already-exists',
          path: plugin.id,
          message: `operator "${op.id}" is defined twice`,
          fix: 'rename one of them, or leave one plugin out',
        });
      }
      operators.set(op.id, op);
    }
  }
  return Object.freeze({
    plugins: Object.freeze([...plugins]),
    operators,
    operator: (id: string) => operators.get(id) ?? unknownOperator(id),
  });
}

function unknownOperator(id: string): never {
  const [vendor = ''] = id.split('/');
  const official = /^spikeloom\.([\w-]+)$/.exec(vendor)?.[1];
  throw new SpikeloomError({
    code: 'unknown-operator',
    message: `no plugin defines operator "${id}"`,
    fix: official
      ? `install @spikeloom/${official} and pass it to createRegistry([...])`
      : `pass the plugin of "${vendor || id}" to createRegistry([...])`,
  });
}
