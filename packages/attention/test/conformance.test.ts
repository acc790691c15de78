import { attention } from '@spikeloom/attention';
import { createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { conformanceCases, gradientCases } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import { test } from 'vitest';
import { backends } from './backends.ts';

const registry = createRegistry([attention, neurons, training]);

for (const [, backend] of backends) {
  for (const { name, run } of conformanceCases(backend, attention.operators!, registry))
    test(name, run);
  for (const { name, run } of gradientCases(backend, attention.operators!, registry))
    test(name, run);
}
