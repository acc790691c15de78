import { primitives, uniformNumbers } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import { type CpuKernel, out } from '../cpu-array.ts';

export const uniform: CpuKernel = {
  op: 'spikeloom/uniform',
  run(call) {
    const [x, key] = [single(call, 'x'), single(call, 'key')];
    const { stream } = attributesOf(primitives.uniform, call);
    return out(x.shape, 'float32', uniformNumbers(x.data.length, key.data[0]!, stream));
  },
};
