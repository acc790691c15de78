import { type Evaluate, SpikeloomError } from '@spikeloom/ir';
import { cpuKernels } from './kernels/index.ts';

/** Computes one primitive node from tensors; what `foldConstants` needs. */
export const evaluateNode: Evaluate = (node, inputs) => {
  const kernel = cpuKernels.find(({ op }) => op === node.op);
  if (!kernel) {
    throw new SpikeloomError({
      code: 'unsupported-operator',
      path: node.id,
      message: `${node.op} is not a primitive`,
      fix: 'lower the graph first',
    });
  }
  return kernel.run({ node, inputs, sizes: {}, step: 0, state: noState, write: noState });
};

function noState(): never {
  throw new Error('a node without time has no states');
}
