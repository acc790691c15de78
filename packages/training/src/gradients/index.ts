import type { Registry } from '@spikeloom/ir';
import { elementwiseRules } from './elementwise.ts';
import type { GradientRule } from './gradient-rule.ts';
import { layoutRules } from './layout.ts';
import { productRules } from './products.ts';
import { reductionRules } from './reductions.ts';
import { sequenceRules } from './sequences.ts';

/** Every rule of this package and of the registry's plugins, by operator; a plugin's own comes first. */
export function collectRules(registry: Registry): ReadonlyMap<string, GradientRule> {
  const own = [
    ...elementwiseRules,
    ...layoutRules,
    ...productRules,
    ...reductionRules,
    ...sequenceRules,
  ];
  const theirs = registry.plugins.flatMap((plugin) => plugin.gradients ?? []);
  return new Map([...own, ...theirs].map((rule) => [rule.op, rule]));
}
