import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { conversion } from '@spikeloom/conversion';
import { createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { gradientCases } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import '@tensorflow/tfjs-backend-cpu';
import { test } from 'vitest';

const registry = createRegistry([conversion, neurons, training]);

for (const backend of [cpuBackend(), tfjsBackend('cpu'), wasmBackend()]) {
  for (const { name, run } of gradientCases(backend, registry.operators.values(), registry))
    test(name, run);
}
