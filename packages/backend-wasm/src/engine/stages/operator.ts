/** Everything without a kernel in the engine: the operator's own kernel, timestep by timestep. */
import { mapNames } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Pass, Recognition } from '../stage.ts';
import type { Numbers } from '../value.ts';

export function operatorStage(recognition: Recognition, instruction: Instruction<TfTensor>): void {
  const { node, kernel, states } = instruction;
  const reads = mapNames(instruction.inputs, (slot: Slot) => recognition.numbers(slot));
  recognition.absorb(instruction);
  const makes = Object.entries(instruction.outputs).map(
    ([name, slot]) => [name, recognition.makeNumbers(slot)] as const,
  );
  const isStill = makes.every(([, made]) => made.still);
  const run = (pass: Pass): void => {
    const tensors = makes.map((): TfTensor[] => []);
    const path = (name: string): string => states.get(name)!;
    try {
      for (let step = 0; step < (isStill ? 1 : pass.steps); step++) {
        const outputs = kernel.run({
          node,
          inputs: mapNames(reads, (value: Numbers) => pass.tensor(value, step)),
          sizes: pass.sizes,
          step: pass.step + step,
          state: (name) => pass.state(path(name)),
          write: (name, handle) => pass.setState(path(name), handle),
        });
        makes.forEach(([name], index) => tensors[index]!.push(outputs[name]!));
      }
    } finally {
      // The run frees them, even if a later timestep fails.
      makes.forEach(([, made], index) => pass.setTensors(made, tensors[index]!));
    }
  };
  recognition.push({
    kind: 'operator',
    op: node.op,
    path: node.id,
    nodes: [node.id],
    why: `no kernel of the engine for ${node.op}`,
    reads: Object.values(reads).flat(),
    makes: makes.map(([, made]) => made),
    place: (site) => site.act(run),
  });
}
