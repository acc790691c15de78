import { createRegistry } from '@spikeloom/ir';
import { conformanceCases } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import { test } from 'vitest';
import { backends } from './backends.ts';

const registry = createRegistry([training]);

for (const [, backend] of backends) {
  for (const { name, run } of conformanceCases(backend, training.operators!, registry))
    test(name, run);
}
