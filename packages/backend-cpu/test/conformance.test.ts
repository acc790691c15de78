import { createRegistry } from '@spikeloom/ir';
import { cpuBackend } from '@spikeloom/backend-cpu';
import { neurons } from '@spikeloom/neurons';
import { conformanceCases } from '@spikeloom/testkit';
import { describe, test } from 'vitest';

const registry = createRegistry([neurons]);

describe('every operator runs and agrees with its lowering', () => {
  for (const { name, run } of conformanceCases(
    cpuBackend(),
    registry.operators.values(),
    registry,
  )) {
    test(name, run);
  }
});
