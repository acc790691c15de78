import { createBuilder, type Graph, relu, type Tensor, tensor, type Value } from '@spikeloom/ir';
import { lif } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { rcs, rcsActivation, type Regulariser } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { isRightAtEnd } from '../src/regularisers/right-samples.ts';
import { backends } from './backends.ts';
import { evaluateTerm } from './evaluate-term.ts';
import { type Golden, oneStep, openGolden } from './golden.ts';
import { oneHot } from './one-hot.ts';
import { referenceLif } from './reference-network.ts';

/** How the values that a regulariser looks at are called in the recordings and in a network. */
interface Form {
  readonly regulariser: Regulariser;
  readonly files: readonly string[];
  /** By recorded name, the ref in layer `index`. */
  taps(index: number): Readonly<Record<string, string>>;
  /** Networks of these layers, to be looked at only. */
  network(layers: readonly number[]): Graph;
  /** `[T, N, …]`. */
  timed(recorded: Tensor): Tensor;
}

const forms: readonly Form[] = [
  {
    regulariser: rcsActivation(),
    files: ['rcs_ann_a', 'rcs_ann_b'],
    taps: (index) => ({ [`x${index}`]: `x${index}` }),
    network(layers) {
      const b = createBuilder();
      for (const index of layers) b.apply(relu, { x: b.input(`x${index}`, ['N', 3]) });
      return b.build();
    },
    timed: oneStep,
  },
  {
    regulariser: rcs(),
    files: ['rcs_snn_a', 'rcs_snn_b', 'rcs_snn_c'],
    taps: (index) => ({
      [`spikes${index}`]: `layer${index}.spikes`,
      [`mem${index}`]: `layer${index}.potential`,
    }),
    network(layers) {
      const b = createBuilder();
      for (const index of layers)
        b.apply(lif, { current: b.input(`x${index}`, ['N', 3]) }, referenceLif, `layer${index}`);
      return b.build();
    },
    timed: (recorded) => recorded,
  },
];

/** The term of some layers, with the samples that count given or found out. */
function termOf(
  backend: Backend,
  form: Form,
  golden: Golden,
  layers: readonly number[],
  mask?: Tensor,
) {
  const recorded = layers.flatMap((index) => Object.keys(form.taps(index)));
  const refs = new Map(
    layers.flatMap((index) => Object.entries(form.taps(index)).map(([name, ref]) => [ref, name])),
  );
  const logits = golden.tensor('logits');
  const [timesteps, , classes] = logits.shape as [number, number, number];
  const given = {
    ...Object.fromEntries(recorded.map((name) => [name, form.timed(golden.tensor(name))])),
    logits,
    target: oneHot(golden.wide('labels'), classes),
    ...(mask ? { mask } : {}),
  };
  return evaluateTerm(backend, given, recorded, (b, of) => {
    const [logitsOf, target] = [of('logits'), of('target')];
    const correct = (steps: number): Value =>
      mask ? of('mask') : isRightAtEnd(b, logitsOf, target, steps);
    const tap = (ref: string): Value => of(refs.get(ref)!);
    const graph = form.network(layers);
    return form.regulariser.build(b, { graph, timesteps, logits: logitsOf, target, tap, correct });
  });
}

for (const form of forms) {
  describe.each(backends)(`${form.regulariser.id} of the reference code on %s`, (_, backend) => {
    describe.each(form.files)('%s', (file) => {
      const golden = openGolden(file);
      const layers = Array.from(
        { length: Number(golden.params['n_layers']) },
        (__, index) => index,
      );

      test('features', async () => {
        const { shape, data } = golden.tensor('features');
        const [samples, width] = shape as [number, number];
        expect(width).toBe(layers.length);
        for (const layer of layers) {
          for (let sample = 0; sample < samples; sample++) {
            // With one layer and one sample that counts, the term is that feature.
            const only = tensor(
              Array.from({ length: samples }, (__, row) => Number(row === sample)),
            );
            const { value } = await termOf(backend, form, golden, [layer], only);
            const wanted = data[sample * width + layer]!;
            expect(Math.abs(value - wanted)).toBeLessThan(1e-5 * wanted);
          }
        }
      });

      test('the term and its gradients', async () => {
        const { value, gradients } = await termOf(backend, form, golden, layers);
        const wanted = golden.number('loss');
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-5 * wanted);
        for (const [name, gradient] of Object.entries(gradients)) {
          const recorded = form.timed(golden.tensor(`grad_${name}`));
          expectClose(`grad ${name}`, gradient, recorded, { absolute: 1e-5 });
        }
        const flows = Object.values(gradients).some(({ data }) => data.some((part) => part !== 0));
        expect(flows).toBe(Number(golden.params['correct_fraction']) > 0);
      });
    });
  });
}
