import type { Tensor } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { ValueType } from '@spikeloom/ir';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Arranged, ChannelAxis, Numbers, Storage } from './value.ts';

/** Weights as numbers that the engine packs. */
export type NumberMode = 'float32' | 'int16' | 'int8';

/** Weights as they lie in memory. */
export type PackedNumbers = Float32Array | Int16Array | Uint8Array;

/** One step of a plan: one or more nodes of the graph, run for all timesteps. */
export interface Stage {
  /** Its kernel, or `operator`. */
  readonly kind: string;
  /** The operator whose own kernel it calls. */
  readonly op?: string;
  /** The node that gives it its name, and all that it does. */
  readonly path: string;
  readonly nodes: readonly string[];
  /** Why these nodes run this way, for people. */
  readonly why: string;
  readonly reads: readonly Storage[];
  readonly makes: readonly Storage[];
  /** Writes descriptors and lists the work; called again for every size of batch. */
  place(site: Site): void;
}

/** A word of a descriptor: a whole number, or a float32. */
export type Word = number | { readonly float: number };

/** Where a stage is placed: memory for what it reads and makes, and the list of what to do. */
export interface Site {
  readonly samples: number;
  /** Timesteps of one pass. */
  readonly steps: number;
  readonly lanes: number;
  readonly threads: number;
  address(value: Arranged): number;
  /** Timesteps a value has in memory: 1 if it is still. */
  stepsOf(value: Arranged): number;
  /** Address of a table: for every byte, the positions of its set bits, as eight words of sixteen bits. */
  readonly bitPositions: number;
  /** Memory that only this stage uses. */
  scratch(bytes: number): number;
  /** Potentials that live from pass to pass; 0 where a run has one pass. */
  potentials(path: string, floatsPerSample: number, initial: number): number;
  /**
   * Calls a kernel for the samples from `first` on. `words` gives the descriptor of a thread, so that each has
   * scratch memory of its own.
   */
  call(kernel: string, words: (thread: number) => readonly Word[], work: Work): void;
  /** Runs something else between kernels. */
  act(action: Action): void;
}

/** How much a call has to do. */
export interface Work {
  readonly unitsPerSample: number;
  /** The samples it is about, before any has left the batch. */
  readonly first: number;
  readonly count: number;
}

/** Work that is not a kernel of the engine. */
export type Action = (run: Pass) => void;

/** A pass through a plan: some timesteps of a batch. */
export interface Pass {
  /** Index of its first timestep. */
  readonly step: number;
  readonly steps: number;
  /** Samples that are still in the batch. */
  readonly samples: number;
  readonly sizes: Readonly<Record<string, number>>;
  /** The tensor of a value at one of the timesteps of the pass. */
  tensor(value: Numbers, step: number): TfTensor;
  /** Sets what `tensor` gives; a still value has one tensor. */
  setTensors(value: Numbers, tensors: readonly TfTensor[]): void;
  state(path: string): TfTensor;
  setState(path: string, tensor: TfTensor): void;
}

/** What makers of stages know of the graph, and do to the plan. */
export interface Recognition {
  readonly mode: NumberMode;
  readonly lanes: number;
  readonly batch: string;
  type(slot: Slot): ValueType;
  /** The numbers of a weight, or of what follows from weights alone. */
  fixed(slot: Slot): Tensor | undefined;
  isStill(slot: Slot): boolean;
  /** What reads a value and is not part of a stage yet. */
  readers(slot: Slot): readonly Instruction<TfTensor>[];
  /** Whether the graph gives the value out. */
  isOutput(slot: Slot): boolean;
  /** Whether a value exists by now, in any form. */
  exists(slot: Slot): boolean;
  /** A form that exists; nothing is converted. */
  find(slot: Slot, kind: Arranged['kind'], axis: ChannelAxis): Arranged | undefined;
  /** A form that a stage needs; adds the conversion. */
  arrange(slot: Slot, kind: Arranged['kind'], axis: ChannelAxis): Arranged;
  /** The same with every timestep in memory, even if they are alike. */
  arrangeMoving(slot: Slot, kind: Arranged['kind'], axis: ChannelAxis): Arranged;
  /** Tensors of a value that exists; adds the conversion. */
  numbers(slot: Slot): Numbers;
  /** Tensors that a stage makes. */
  makeNumbers(slot: Slot): Numbers;
  /** Room for what a stage makes. */
  make(
    slot: Slot,
    kind: Arranged['kind'],
    axis: ChannelAxis,
    options?: { readonly one?: number },
  ): Arranged;
  /** Another name for what is there. */
  alias(slot: Slot, axis: ChannelAxis, value: Arranged): void;
  /** Address of numbers that stay for the life of the program, made once for each key. */
  weights(key: string, make: () => PackedNumbers): number;
  /** Takes an instruction out of the list of those to come. */
  absorb(instruction: Instruction<TfTensor>): void;
  push(stage: Stage): void;
}

/** Turns an instruction, and others that follow from it, into stages; or leaves it to the next maker. */
export type StageMaker = (recognition: Recognition, instruction: Instruction<TfTensor>) => boolean;
