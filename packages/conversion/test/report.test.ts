import { cpuBackend } from '@spikeloom/backend-cpu';
import { type ConversionReport, convertEcmt, formatReport, reportOf } from '@spikeloom/conversion';
import { expect, test } from 'vitest';
import { perceptron, randomInputs } from './perceptron.ts';
import { registry } from './tiny-vit.ts';

test('a report reads as text', async () => {
  const { report } = await convertEcmt(perceptron(), {
    backend: cpuBackend(),
    registry,
    data: randomInputs(1),
  });
  const withWarning: ConversionReport = { ...report, warnings: ['act1.neuron: watch out'] };
  expect(formatReport(withWarning)).toMatchInlineSnapshot(`
    "ecmt: 1 neurons, 2 compensated operators, 2 layers left analogue
      analogue    first: it reads the input, which is given as real numbers at every timestep
      compensated act1: spikeloom/relu -> spikeloom.conversion/compensated-relu
      neuron      act1.neuron (fc2): +0.2500 / -0.08000, 8 levels, set -> second
      compensated act2: spikeloom/relu -> spikeloom.conversion/compensated-relu
      analogue    third: it is the last layer and reads real numbers, as in the reference
      warning     act1.neuron: watch out"
  `);
});

test.each([{}, { conversion: 'yes' }, { conversion: null }, { conversion: { entries: [] } }])(
  'metadata without a report has none: %j',
  (metadata) => {
    expect(reportOf(metadata)).toBeUndefined();
  },
);
