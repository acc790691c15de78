import { type Graph, type Json, SpikeloomError, withMetadata } from '@spikeloom/ir';
import type { ExitRule } from '@spikeloom/runtime';

/** A rule that stops a sample as soon as its answer is sure. */
export interface Policy {
  /** `vendor/name`. */
  readonly id: string;
  /** What was calibrated, as JSON, so that it can be saved with a model. */
  readonly settings: Readonly<Record<string, Json>>;
  /** Looks at the output summed up so far; used by `runUntil`. */
  readonly exit: ExitRule;
}

/** Makes a policy from its saved settings. */
export interface PolicyKind {
  readonly id: string;
  readonly summary: string;
  restore(settings: Readonly<Record<string, Json>>): Policy;
}

declare module '@spikeloom/ir' {
  interface PluginContributions {
    /** Kinds of cutoff policies. */
    readonly policies?: readonly PolicyKind[];
  }
}

/** The form a policy takes in a model's metadata. */
export interface SavedPolicy {
  readonly id: string;
  readonly settings: Readonly<Record<string, Json>>;
}

/** What to store in a model's metadata, under `cutoff`. */
export function savePolicy({ id, settings }: Policy): SavedPolicy {
  return { id, settings };
}

/** The policy that was saved. */
export function restorePolicy(saved: SavedPolicy, kinds: readonly PolicyKind[]): Policy {
  const kind = kinds.find(({ id }) => id === saved.id);
  if (kind) return kind.restore(saved.settings);
  throw new SpikeloomError({
    code: 'not-found',
    path: 'cutoff',
    message: 'no plugin has this cutoff policy',
    expected: kinds.map(({ id }) => id).join(', '),
    got: saved.id,
  });
}

/** The same model with a policy in its metadata, where `policyOf` finds it after saving and loading. */
export function withPolicy(graph: Graph, policy: Policy): Graph {
  const { id, settings } = savePolicy(policy);
  return withMetadata(graph, { cutoff: { id, settings } });
}

/**
 * The policy in a model's metadata; `undefined` if it has none.
 *
 * Throws `corrupt-file` when what is there is no policy, and what `restorePolicy` throws.
 */
export function policyOf(
  { metadata }: Pick<Graph, 'metadata'>,
  kinds: readonly PolicyKind[],
): Policy | undefined {
  const saved = metadata['cutoff'];
  if (saved === undefined) return undefined;
  const { id, settings } = isObject(saved) ? saved : {};
  if (typeof id === 'string' && isObject(settings)) return restorePolicy({ id, settings }, kinds);
  throw new SpikeloomError({
    code: 'corrupt-file',
    path: 'cutoff',
    message: 'the metadata of the model holds no policy',
    expected: '{ "id": …, "settings": { … } }',
    got: JSON.stringify(saved),
  });
}

function isObject(json: Json | undefined): json is Readonly<Record<string, Json>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
