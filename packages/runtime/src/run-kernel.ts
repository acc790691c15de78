import { locate } from '@spikeloom/ir';
import type { KernelCall } from './device.ts';
import type { Instruction } from './plan.ts';

/** Runs the kernel of an instruction; an error says at which node. */
export function runKernel<H>(
  { kernel, node }: Pick<Instruction<H>, 'kernel' | 'node'>,
  call: Omit<KernelCall<H>, 'node'>,
): Readonly<Record<string, H>> {
  try {
    return kernel.run({ node, ...call });
  } catch (error) {
    throw locate(error, node.id);
  }
}
