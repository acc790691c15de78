import * as api from '@spikeloom/neurons';
import { expect, test } from 'vitest';

test('the plugin defines every neuron the package exports', () => {
  const exported = Object.values(api).flatMap((value) =>
    typeof value === 'object' && 'lower' in value ? [value.id] : [],
  );
  const contributed = (api.neurons.operators ?? []).map(({ id }) => id);
  expect(exported.length).toBeGreaterThan(0);
  expect(contributed.toSorted()).toEqual(exported.toSorted());
});
