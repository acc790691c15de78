import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { conversion } from '@spikeloom/conversion';
import { createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { conformanceCases } from '@spikeloom/testkit';
import '@tensorflow/tfjs-backend-cpu';
import { describe, test } from 'vitest';

const registry = createRegistry([neurons, conversion]);

describe('tfjs operators agree with the reference', () => {
  for (const { name, run } of conformanceCases(
    tfjsBackend('cpu'),
    registry.operators.values(),
    registry,
  )) {
    test(name, run);
  }
});
