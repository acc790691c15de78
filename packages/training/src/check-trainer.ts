import { type Graph, graphInputs, SpikeloomError } from '@spikeloom/ir';
import { requireStretches } from './gradients/recompute.ts';
import type { TrainerOptions } from './trainer.ts';

/** Throws unless a network can be trained with these options. */
export function checkTrainer(graph: Graph, options: TrainerOptions): void {
  const { timesteps, clipNorm, recompute = 1, sequences = [] } = options;
  if (!Number.isSafeInteger(timesteps) || timesteps < 1) {
    throw new SpikeloomError({
      code: 'invalid-timesteps',
      path: 'createTrainer',
      message: 'training runs a positive whole number of timesteps',
      got: `${timesteps}`,
    });
  }
  if (clipNorm !== undefined && !(clipNorm > 0)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'createTrainer',
      message: 'clipNorm is the length that gradients may have',
      expected: 'a number above 0',
      got: `${clipNorm}`,
    });
  }
  requireStretches('createTrainer', recompute);
  const inputs = graphInputs(graph);
  for (const name of sequences) {
    if (inputs.has(name)) continue;
    throw new SpikeloomError({
      code: 'unknown-input',
      path: 'createTrainer',
      message: 'a sequence is an input of the graph',
      expected: `sequences: some of ${[...inputs.keys()].join(', ')}`,
      got: name,
    });
  }
  for (const { id, op } of graph.nodes) {
    const needed = op === 'spikeloom/param' || op === 'spikeloom/buffer';
    if (!needed || graph.weights.has(id)) continue;
    throw new SpikeloomError({
      code: 'missing-weight',
      path: id,
      message: 'the weight has no tensor to start from',
      fix: 'initialise the network, or load a checkpoint',
    });
  }
}

/** The output that holds the logits: the one that is named, or the only one. */
export function outputOf(graph: Graph, options: Pick<TrainerOptions, 'output'>): string {
  const outputs = Object.keys(graph.outputs);
  const { output } = options;
  if (output !== undefined && outputs.includes(output)) return output;
  if (output === undefined && outputs.length === 1) return outputs[0]!;
  throw new SpikeloomError({
    code: output === undefined ? 'invalid-argument' : 'unknown-value',
    path: 'createTrainer',
    message:
      output === undefined ? 'which output holds the logits?' : 'the graph has no such output',
    expected: `output: one of ${outputs.join(', ')}`,
    ...(output === undefined ? {} : { got: output }),
  });
}
