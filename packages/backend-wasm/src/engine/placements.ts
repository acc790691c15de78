import type { Dispatcher } from './dispatch.ts';
import type { EngineMemory } from './memory.ts';
import { type Placement, placePlan } from './placement.ts';
import type { StagePlan } from './recognise.ts';

export interface PlacementsOptions {
  readonly memory: EngineMemory;
  readonly dispatcher: Dispatcher;
  readonly lanes: number;
  /** Address of the table of bit positions. */
  readonly bitPositions: number;
  /** A batch runs in parts of at most this much memory, unless one sample needs more. */
  readonly partBytes: number;
}

/** What a placement is made for. */
export interface PlacedSize {
  readonly plan: StagePlan;
  readonly samples: number;
  /** Timesteps of one pass. */
  readonly steps: number;
  /** Whether several passes follow each other. */
  readonly lasting: boolean;
}

/** Plans of this size have work for threads. */
const threadedBytes = 8 << 20;

/** The placements of a program's runs. The last one that is free again is kept: most runs are like the one before. */
export class Placements {
  readonly #options: PlacementsOptions;
  readonly #inUse = new Map<Placement, PlacedSize>();
  #idle: { readonly size: PlacedSize; readonly placement: Placement } | undefined;
  #measured:
    { readonly plan: StagePlan; readonly steps: number; readonly bytes: number } | undefined;
  #disposed = false;

  constructor(options: PlacementsOptions) {
    this.#options = options;
  }

  take(size: PlacedSize): Placement {
    const idle = this.#idle;
    const isFree = idle !== undefined && isSame(idle.size, size);
    if (isFree) this.#idle = undefined;
    const placement = isFree ? idle.placement : this.#place(size);
    this.#inUse.set(placement, size);
    return placement;
  }

  giveBack(placement: Placement): void {
    const size = this.#inUse.get(placement)!;
    this.#inUse.delete(placement);
    this.#idle?.placement.dispose();
    this.#idle = undefined;
    if (this.#disposed) placement.dispose();
    else this.#idle = { size, placement };
  }

  /** Bytes of a placement. */
  measure(size: PlacedSize): number {
    const placement = this.#place(size);
    const { bytes } = placement;
    placement.dispose();
    return bytes;
  }

  /** How many of so many samples one placement takes, if samples can run apart from each other. */
  samplesAtOnce(plan: StagePlan, everyone: number, steps: number): number {
    const known = this.#measured;
    const bytes =
      known?.plan === plan && known.steps === steps
        ? known.bytes
        : this.measure({ plan, samples: 1, steps, lasting: true });
    this.#measured = { plan, steps, bytes };
    return Math.max(1, Math.min(everyone, Math.floor(this.#options.partBytes / bytes)));
  }

  /** Frees what is idle now, and the rest when it is given back. */
  dispose(): void {
    this.#disposed = true;
    this.#idle?.placement.dispose();
    this.#idle = undefined;
  }

  #place({ plan, ...size }: PlacedSize): Placement {
    const { memory, dispatcher, lanes, bitPositions } = this.#options;
    const { threads } = dispatcher;
    const placement = placePlan({ memory, stages: plan, ...size, lanes, threads, bitPositions });
    if (placement.bytes >= threadedBytes) dispatcher.prepare();
    return placement;
  }
}

function isSame(a: PlacedSize, b: PlacedSize): boolean {
  return (
    a.plan === b.plan && a.samples === b.samples && a.steps === b.steps && a.lasting === b.lasting
  );
}
