import { tfjsBackend } from '@spikeloom/backend-tfjs';
import '@tensorflow/tfjs-backend-cpu';
import { describe } from 'vitest';
import { testsOfMemory } from './memory.ts';

describe('on tfjs', () => {
  testsOfMemory(tfjsBackend('cpu'));
});
