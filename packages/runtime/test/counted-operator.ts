import { anyReal, defineOp, definePlugin, type Plugin, realType } from '@spikeloom/ir';
import { type KernelCall, single } from '@spikeloom/runtime';

/** An operator that hands its input on, and a CPU kernel that counts how often it is called. */
export const counted = defineOp({
  id: 'test/counted',
  version: 1,
  summary: 'Hands its input on.',
  inputs: { x: anyReal },
  attributes: {},
  outputs: ({ x }) => ({ out: realType(x.shape) }),
  lower: (b, { x }) => ({ out: b.mul(x, 1) }),
  examples: [{ inputs: { x: { shape: [2] } } }],
});

/** A plugin with `counted`; `onCall` is told the node of every call of its kernel. */
export function countingPlugin(onCall: (node: string) => void): Plugin {
  return definePlugin({
    id: 'test/counting',
    apiVersion: 1,
    operators: [counted],
    kernels: [
      {
        op: counted.id,
        backend: 'cpu',
        run: (call: KernelCall<unknown>) => {
          onCall(call.node.id);
          return { out: single(call, 'x') };
        },
      },
    ],
  });
}
