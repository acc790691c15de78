/** A run in the caller's hands, one timestep at a time, on placed plans for some samples each. */
import { type Tensor, takeRows, type ValueType } from '@spikeloom/ir';
import {
  checkFresh,
  checkInputs,
  type Device,
  readTap,
  requireLive,
  requireRows,
  type Tap,
  type Session,
  type SessionOptions,
  type Step,
  throwIfAborted,
} from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { EngineRun } from './engine-run.ts';
import type { Placement } from './placement.ts';
import type { Numbers } from './value.ts';
import { joinRows } from './rows.ts';

/** A part of a batch, with its own run. */
export interface Part {
  readonly run: EngineRun;
  readonly samples: number;
  readonly placement: Placement;
}

/** A tap, the value it looks at, and the axis of that value that counts samples, or -1. */
export interface Watched {
  readonly tap: Tap;
  readonly value: Numbers;
  readonly axis: number;
}

export interface EngineSessionOptions extends SessionOptions {
  readonly inputs: ReadonlyMap<string, ValueType>;
  readonly outputs: ReadonlyMap<string, ValueType>;
  /** What is looked at, and where each value is. */
  readonly watched: readonly Watched[];
  readonly device: Device<TfTensor>;
  /** Finds room once the size of the batch is known. */
  begin(sizes: Readonly<Record<string, number>>): readonly Part[];
  /** Gives the room back. */
  end(parts: readonly Part[]): void;
}

export class EngineSession implements Session {
  readonly #options: EngineSessionOptions;
  #sizes: Record<string, number> = {};
  #parts: Part[] | undefined;
  /** All parts there were, to be given back. */
  #begun: readonly Part[] = [];
  #samples: number[] = [];
  /** Where each sample lies in the parts, which keep the order of the batch they began with. */
  #places: readonly number[] = [];
  #step = 0;
  #underWay: Promise<unknown> | undefined;
  #failed = false;
  #disposed = false;

  constructor(options: EngineSessionOptions) {
    this.#options = options;
    checkInputs(options.held, options.inputs, this.#sizes);
  }

  get step(): number {
    return this.#step;
  }

  async advance(fresh: Readonly<Record<string, Tensor>> = {}): Promise<Step> {
    while (this.#underWay) await this.#underWay;
    const step = this.#advance(fresh).finally(() => {
      this.#underWay = undefined;
    });
    this.#underWay = step.catch(() => undefined);
    return step;
  }

  async #advance(fresh: Readonly<Record<string, Tensor>>): Promise<Step> {
    this.#check();
    this.#sizes = checkFresh(fresh, this.#options.held, this.#options.inputs, this.#sizes);
    try {
      return await this.#compute(fresh);
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  async #compute(fresh: Readonly<Record<string, Tensor>>): Promise<Step> {
    const parts = (this.#parts ??= this.#begin());
    const { profiler, outputs, batch } = this.#options;
    const check = (): void => this.#check();
    let first = 0;
    const rowAt = inverse(this.#places);
    const reading = parts.map(({ run, samples }) => {
      const rows = rowAt.slice(first, first + samples);
      first += samples;
      const given = Object.entries(fresh).map(
        ([name, tensor]) => [name, [this.#rowsOf(name, tensor, rows)]] as const,
      );
      run.advance(Object.fromEntries(given), check, profiler);
      // Reading starts before anything is waited for: the session may be gone afterwards.
      return run.outputs();
    });
    const watching = this.#watch(parts);
    const read = await Promise.all(reading);
    await watching;
    if (!this.#disposed) for (const { run } of parts) run.finish();
    const step = this.#step;
    this.#step += 1;
    const joined = [...outputs].map(([name, type]) => {
      const tensors = read.map((one) => one.get(name)![0]!);
      return [name, this.#inOrder(tensors, type.shape.indexOf(batch))] as const;
    });
    return {
      step,
      samples: this.#samples,
      outputs: Object.fromEntries(joined),
      keep: (rows) => this.#keep(rows, step),
    };
  }

  reset(): void {
    this.#check();
    for (const { run } of this.#parts ?? []) run.reset();
    this.#step = 0;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#options.end(this.#begun);
  }

  /** Serves the taps; what lies in several parts is joined first. */
  async #watch(parts: readonly Part[]): Promise<void> {
    const { watched, device } = this.#options;
    const step = this.#step;
    const samples = this.#samples;
    const places = this.#places;
    await Promise.all(
      watched.map(async ({ tap, value, axis }) => {
        const [first, ...others] = parts.map(({ run }) => run.tensor(value, 0));
        const observe = (seen: Tensor): void =>
          tap.observe({ at: tap.at, step, samples, value: seen });
        if (others.length === 0 && isAscending(places))
          return observe(await readTap(tap, first!, device));
        const rows = await Promise.all([first!, ...others].map((one) => device.download(one)));
        const joined = device.upload(this.#inOrder(rows, axis, places));
        const seen = await readTap(tap, joined, device);
        device.free(joined);
        return observe(seen);
      }),
    );
  }

  #begin(): Part[] {
    const parts = this.#options.begin(this.#sizes);
    this.#begun = parts;
    this.#samples = range(0, this.#sizes[this.#options.batch] ?? 1);
    this.#places = this.#samples;
    return [...parts];
  }

  #keep(rows: readonly number[], step: number): void {
    this.#check();
    requireRows(rows, this.#samples.length, { step, newest: this.#step - 1 });
    if (rows.length === this.#samples.length && rows.every((row, index) => row === index)) return;
    this.#samples = rows.map((row) => this.#samples[row]!);
    const kept = rows.map((row) => this.#places[row]!);
    const places = kept.toSorted((a, b) => a - b);
    const newPlace = new Map(places.map((place, index) => [place, index]));
    this.#places = kept.map((place) => newPlace.get(place)!);
    let first = 0;
    const left: Part[] = [];
    for (const { run, samples, placement } of this.#parts!) {
      const [begin, end] = [first, first + samples];
      first = end;
      const own = places.filter((place) => place >= begin && place < end);
      if (own.length === 0) continue;
      run.keep(own.map((place) => place - begin));
      left.push({ run, samples: own.length, placement });
    }
    this.#parts = left;
    this.#sizes = { ...this.#sizes, [this.#options.batch]: rows.length };
  }

  #rowsOf(name: string, tensor: Tensor, rows: readonly number[]): Tensor {
    const axis = this.#options.inputs.get(name)!.shape.indexOf(this.#options.batch);
    const isWhole = axis < 0 || (rows.length === tensor.shape[axis] && isAscending(rows));
    return isWhole ? tensor : takeRows(tensor, rows, axis);
  }

  /** The rows of all parts, in the order of the samples. */
  #inOrder(tensors: readonly Tensor[], axis: number, places = this.#places): Tensor {
    const joined = joinRows(tensors, axis);
    return axis < 0 || isAscending(places) ? joined : takeRows(joined, places, axis);
  }

  #check(): void {
    const isEmpty = this.#parts !== undefined && this.#samples.length === 0;
    requireLive(this.#disposed, isEmpty, this.#failed);
    throwIfAborted(this.#options.signal);
  }
}

/** Of different numbers from 0 on: whether they count up. */
function isAscending(rows: readonly number[]): boolean {
  return rows.every((row, index) => row === rows[0]! + index);
}

/** For every place, the row that lies there. */
function inverse(places: readonly number[]): number[] {
  const rows = Array.from({ length: places.length }, () => 0);
  places.forEach((place, row) => {
    rows[place] = row;
  });
  return rows;
}

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index);
}
