/** Matrix products of two values that are spikes. */
import type { StageMaker } from '../stage.ts';
import { spikeValue } from '../value.ts';
import { callCountProducts, productOf } from './products.ts';

export const countProducts: StageMaker = (recognition, instruction) => {
  const product = productOf(recognition, instruction);
  if (!product || recognition.isStill(product.out)) return false;
  const slots = [product.a, product.b];
  const [one, other] = slots.map((slot) => spikeValue(recognition.type(slot)));
  const isThere = slots.some((slot) => recognition.find(slot, 'spikes', 'last'));
  if (one === undefined || other === undefined || !isThere) return false;
  const { node } = instruction;
  const [a, b] = slots.map((slot) => recognition.arrangeMoving(slot, 'spikes', 'last'));
  const out = recognition.make(product.out, 'currents', 'last');
  recognition.absorb(instruction);
  recognition.push({
    kind: 'countProducts',
    path: node.id,
    nodes: [node.id],
    why: 'coincidences are counted by bits',
    reads: [...new Set([a!, b!])],
    makes: [out],
    place(site) {
      callCountProducts(
        site,
        { spikes: a!, turned: product.transposeA },
        { spikes: b!, turned: !product.transposeB },
        { ...product, currents: site.address(out), one: one * other },
      );
    },
  });
  return true;
};
