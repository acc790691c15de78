import { createBuilder, createRegistry, type Tensor, tensor } from '@spikeloom/ir';
import { createBackend, type Kernel, type KernelSite } from '@spikeloom/runtime';
import { expect, test } from 'vitest';
import { CountingDevice, type Handle } from './counting-device.ts';

const registry = createRegistry();

/** A device whose `mul` makes a kernel of its own for every node that has a fixed factor. */
class SpecialDevice extends CountingDevice {
  readonly sites: KernelSite[] = [];
  specialCalls = 0;
  freed = 0;
  override readonly kernels: readonly Kernel<Handle>[] = new CountingDevice().kernels.map(
    (kernel) => (kernel.op === 'spikeloom/mul' ? this.#special(kernel) : kernel),
  );

  #special(kernel: Kernel<Handle>): Kernel<Handle> {
    return {
      ...kernel,
      specialise: (site) => {
        this.sites.push(site);
        if (!site.fixed.has('b')) return undefined;
        return {
          run: (call) => {
            this.specialCalls += 1;
            return kernel.run(call);
          },
          free: () => void (this.freed += 1),
        };
      },
    };
  }
}

test('a kernel may make another one for a node, which lives as long as the program', async () => {
  const b = createBuilder();
  const x = b.input('x', ['N', 2], { signal: { kind: 'spike' } });
  const weight = b.param('weight', [2], { tensor: tensor([2, 3]) });
  // What follows from weights alone is worked out before.
  const twice = b.mul(weight, weight, 'twice');
  b.output('special', b.mul(x, twice, 'special'));
  b.output('plain', b.mul(x, x, 'plain'));
  const device = new SpecialDevice();
  const backend = createBackend(device);
  for (const schedule of ['step', 'multi-step'] as const) {
    device.sites.length = device.specialCalls = device.freed = 0;
    const program = await backend.compile(b.build(), { registry });
    expect(device.sites.map(({ node, fixed }) => [node.id, [...fixed]])).toEqual([
      ['special', ['b']],
      ['plain', []],
    ]);
    expect(device.sites[0]!.types['a']).toMatchObject({ signal: { kind: 'spike' } });
    const sequence: Tensor[] = [tensor([1, 0], [1, 2]), tensor([1, 1], [1, 2])];
    const { special } = await program.run({ x: sequence }, { timesteps: 2, schedule });
    expect([...special!.data]).toEqual([4, 0, 4, 9]);
    expect(device.specialCalls).toBeGreaterThan(0);
    expect(device.freed).toBe(0);
    program.dispose();
    program.dispose();
    expect(device.freed).toBe(1);
  }
});
