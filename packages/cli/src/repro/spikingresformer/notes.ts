import type { Experiment } from './experiment.ts';

/** What the figures are based on, and what was done, in a few sentences. */
export function notesOn(experiment: Experiment | undefined): string[] {
  return [
    `Energy of a variant: the synaptic operations that the paper publishes for it, 0.9 pJ each; the operations were not measured here, for that one needs the trained weights. The paper publishes none for cifar and dvsg${experiment ? ', for which the estimate below stands instead' : ', so their energy is not known'}.`,
    'The paper leaves out the stem and the classifier, whose inputs are real numbers; "with stem" adds their multiply-accumulates, 4.6 pJ each, at every timestep, and "stem once" those of the stem only once.',
    'The paper counts the parameters of ti, s and m without the weights of batch normalisation, those of l with them.',
    ...(experiment ? trainingNotes(experiment) : []),
  ];
}

function trainingNotes({ result, isWhole }: Experiment): string[] {
  const { epochs, steps, testImages, seconds, rate } = result;
  const data = isWhole ? 'Fashion-MNIST' : 'the bundled sample of Fashion-MNIST';
  return [
    `Trained for ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}, ${steps} steps, ${(seconds / 60).toFixed(1)} minutes, on ${data}, tested on ${testImages} images; one seed, as the reference, whose accuracies are of 10,000 images and whose firing rates and operations are of the first 500.`,
    `The estimate takes the operations of that network, ${(100 * rate).toFixed(1)} % of those of a dense one, as the share of every variant. It is not a measurement: other data and deeper networks fire otherwise.`,
    ...(isWhole
      ? []
      : [
          'Fashion-MNIST is not installed, so this is the sample of 1,000 + 1,000 images; its figures are not those of the reference.',
        ]),
  ];
}
