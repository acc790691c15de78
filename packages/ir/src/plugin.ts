import { SpikeloomError } from './error.ts';
import type { AnyOperator } from './operator.ts';
import type { Pass } from './passes/pass.ts';

/** The version of the plugin contract. A plugin states the one it was written for. */
export const pluginApiVersion = 1;

/**
 * What a plugin may contribute. Packages further up add their own kind of contribution by merging into
 * this interface: `runtime` adds `kernels`, `cutoff` adds `policies`, `energy` adds `profiles`.
 */
export interface PluginContributions {
  readonly operators?: readonly AnyOperator[];
  readonly passes?: readonly Pass[];
}

/** A plain object that lists what a package adds. It calls nobody and registers nothing by being imported. */
export interface Plugin extends PluginContributions {
  /** `vendor/name`. */
  readonly id: string;
  readonly apiVersion: number;
}

/** Checks a plugin once, where it is written. */
export function definePlugin<const P extends Plugin>(plugin: P): P {
  checkPlugin(plugin);
  return Object.freeze(plugin);
}

/** Throws unless the plugin fits this version of the contract. */
export function checkPlugin(plugin: Plugin): void {
  if (plugin.apiVersion !== pluginApiVersion) {
    throw new SpikeloomError({
      code: 'plugin-version',
      path: plugin.id,
      message: 'the plugin was written for another plugin API',
      expected: `apiVersion ${pluginApiVersion}`,
      got: `${plugin.apiVersion}`,
      fix:
        plugin.apiVersion > pluginApiVersion
          ? 'update @spikeloom/ir'
          : 'update the plugin, or use the @spikeloom/ir it was written for',
    });
  }
  checkId('a plugin', plugin.id, plugin);
  for (const op of plugin.operators ?? []) checkId('an operator', op.id, plugin);
}

function checkId(what: string, id: string, plugin: Plugin): void {
  if (/^[\w.-]+\/[\w.-]+$/.test(id)) return;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: plugin.id,
    message: `the id of ${what} has the form vendor/name`,
    got: `"${id}"`,
  });
}
