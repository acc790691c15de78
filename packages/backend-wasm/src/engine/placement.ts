/** A plan in memory: descriptors written, addresses fixed, the list of what to do. */
import type { EngineMemory, Region } from './memory.ts';
import { packArena } from './arena.ts';
import type { StagePlan } from './recognise.ts';
import type { Action, Site, Stage, Word, Work } from './stage.ts';
import { type Arranged, bytesPerSample, type Storage } from './value.ts';

export interface PlacementOptions {
  readonly memory: EngineMemory;
  readonly stages: StagePlan;
  readonly samples: number;
  /** Timesteps of one pass. */
  readonly steps: number;
  /** Whether more than one pass follows the other, so that potentials and still values must last. */
  readonly lasting: boolean;
  readonly lanes: number;
  readonly threads: number;
  readonly bitPositions: number;
}

/** A call of a kernel: one descriptor for each thread. */
export interface KernelCall {
  readonly kernel: string;
  readonly descriptors: readonly number[];
  readonly work: Work;
}

export type Command = KernelCall | Action;

/** Something in memory with so many bytes for every sample, which lasts from pass to pass. */
export interface Lasting {
  readonly address: number;
  readonly bytes: number;
  /** What potentials begin at; undefined for values that are computed once. */
  readonly initial: number | undefined;
}

export interface Placement {
  /** What to do, stage by stage. */
  readonly commands: readonly {
    readonly stage: Stage;
    readonly isStill: boolean;
    readonly commands: readonly Command[];
  }[];
  readonly lasting: readonly Lasting[];
  readonly bytes: number;
  dispose(): void;
}

/** What a placement needs of memory, apart from weights. */
interface Measured {
  readonly scratch: readonly number[];
  readonly potentials: ReadonlyMap<string, { readonly bytes: number; readonly initial: number }>;
  readonly words: number;
}

/** Finds room for a plan and writes its descriptors. */
export function placePlan(options: PlacementOptions): Placement {
  const { memory, samples, lanes, steps } = options;
  const { stages } = options.stages;
  const measured = measure(options);
  const lives = lifetimes(options);
  const sizeOf = (value: Arranged): number =>
    samples * bytesPerSample(value, value.still ? 1 : steps, lanes);
  const tenants = [
    ...lives.map(({ value, first, last }) => ({ bytes: sizeOf(value), first, last })),
    ...measured.scratch.map((bytes, stage) => ({ bytes, first: stage, last: stage })),
    ...[...measured.potentials.values()].map(({ bytes }) => ({
      bytes: samples * bytes,
      first: 0,
      last: stages.length,
    })),
    { bytes: 4 * measured.words, first: 0, last: stages.length },
  ];
  const arena = packArena(tenants);
  const region: Region = memory.allocate(arena.bytes);
  const at = (tenant: number): number => region.address + arena.offsets[tenant]!;
  const addresses = new Map(lives.map(({ value }, index) => [value.id, at(index)]));
  const scratch = (stage: number): number => at(lives.length + stage);
  const potentials = new Map(
    [...measured.potentials].map(([path, needs], index) => [
      path,
      { ...needs, address: at(lives.length + stages.length + index) },
    ]),
  );
  let nextWord = at(tenants.length - 1);
  const place = new Placing(options, {
    address: (value) => addresses.get(value.id)!,
    potentials: (path) => potentials.get(path)!.address,
    scratch,
    write(words) {
      const address = nextWord;
      writeWords(memory, address, words);
      nextWord += 4 * words.length;
      return address;
    },
  });
  const commands = place.all();
  return {
    commands,
    lasting: [
      ...lives
        .filter(({ value, last }) => options.lasting && value.still && last === stages.length)
        .map(({ value }) => ({
          address: addresses.get(value.id)!,
          bytes: bytesPerSample(value, 1, lanes),
          initial: undefined,
        })),
      ...potentials.values(),
    ],
    bytes: region.bytes,
    dispose: () => memory.free(region),
  };
}

interface Memory {
  address(value: Arranged): number;
  potentials(path: string, bytes: number, initial: number): number;
  scratch(stage: number): number;
  write(words: readonly Word[]): number;
}

/** Lets every stage place itself. */
class Placing implements Site {
  readonly samples: number;
  readonly steps: number;
  readonly lanes: number;
  readonly threads: number;
  readonly bitPositions: number;
  /** Bytes of scratch memory that each stage asked for. */
  readonly scratchBytes: number[] = [];
  readonly #options: PlacementOptions;
  readonly #memory: Memory;
  #stage = 0;
  #taken = 0;
  #commands: Command[] = [];

  constructor(options: PlacementOptions, memory: Memory) {
    this.#options = options;
    this.#memory = memory;
    this.samples = options.samples;
    this.steps = options.steps;
    this.lanes = options.lanes;
    this.threads = options.threads;
    this.bitPositions = options.bitPositions;
  }

  all(): Placement['commands'] {
    return this.#options.stages.stages.map((stage, index) => {
      this.#stage = index;
      this.#taken = 0;
      this.#commands = [];
      stage.place(this);
      this.scratchBytes[index] = this.#taken;
      return { stage, isStill: isStillStage(stage), commands: this.#commands };
    });
  }

  address(value: Arranged): number {
    return this.#memory.address(value);
  }

  stepsOf(value: Arranged): number {
    return value.still ? 1 : this.steps;
  }

  scratch(bytes: number): number {
    const address = this.#memory.scratch(this.#stage) + this.#taken;
    this.#taken += Math.ceil(bytes / 64) * 64;
    return address;
  }

  potentials(path: string, floatsPerSample: number, initial: number): number {
    return this.#options.lasting ? this.#memory.potentials(path, 4 * floatsPerSample, initial) : 0;
  }

  call(kernel: string, words: (thread: number) => readonly Word[], work: Work): void {
    const descriptors = Array.from({ length: this.threads }, (_, thread) =>
      this.#memory.write(words(thread)),
    );
    this.#commands.push({ kernel, descriptors, work });
  }

  act(action: Action): void {
    this.#commands.push(action);
  }
}

/** Places everything at address 0, to see how much there is. */
function measure(options: PlacementOptions): Measured {
  const potentials = new Map<string, { bytes: number; initial: number }>();
  let words = 0;
  const placing = new Placing(options, {
    address: () => 0,
    scratch: () => 0,
    potentials(path, bytes, initial) {
      potentials.set(path, { bytes, initial });
      return 0;
    },
    write(given) {
      words += given.length;
      return 0;
    },
  });
  placing.all();
  return { scratch: placing.scratchBytes, potentials, words };
}

/** The stages between which each value is in memory. */
function lifetimes({ stages: { stages }, lasting }: PlacementOptions): {
  readonly value: Arranged;
  readonly first: number;
  readonly last: number;
}[] {
  const lives = new Map<number, { value: Arranged; first: number; last: number }>();
  const arranged = (value: Storage): value is Arranged => value.kind !== 'numbers';
  stages.forEach((stage, index) => {
    for (const value of stage.makes.filter(arranged))
      lives.set(value.id, { value, first: index, last: index });
    for (const value of stage.reads.filter(arranged)) {
      const life = lives.get(value.id)!;
      // What is computed once and read in every pass keeps its place.
      const stays = lasting && value.still && !isStillStage(stage);
      life.last = stays ? stages.length : Math.max(life.last, index);
      if (stays) life.first = 0;
    }
  });
  return [...lives.values()];
}

/** Whether a stage does the same at every timestep. */
export function isStillStage({ makes }: Stage): boolean {
  return makes.every(({ still }) => still);
}

function writeWords(memory: EngineMemory, address: number, words: readonly Word[]): void {
  const ints = memory.words(address, words.length);
  const floats = memory.floats(address, words.length);
  words.forEach((word, index) => {
    if (typeof word === 'number') ints[index] = word;
    else floats[index] = word.float;
  });
}
