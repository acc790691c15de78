import { conversion } from '@spikeloom/conversion';
import { createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { gradientCases } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import { test } from 'vitest';
import { backends } from './backends.ts';

// Every primitive and layer, neurons, what conversion puts in, and the gradients themselves.
const registry = createRegistry([conversion, neurons, training]);

for (const [, backend] of backends) {
  for (const { name, run } of gradientCases(backend, registry.operators.values(), registry))
    test(name, run);
}
