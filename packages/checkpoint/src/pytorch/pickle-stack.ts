import { corrupt } from './corrupt.ts';
import type { PickleValue } from './pickle-value.ts';

/** The state of a pickle that is being read: its bytes, its stack and its memo. */
export class PickleStack {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  // A map, because a pickle may number its first entry 4294967295.
  readonly #memo = new Map<number, PickleValue>();
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next byte to be read. */
  get position(): number {
    return this.#position;
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint64(): number {
    // Beyond 2^53 it is rounded, and still longer than any file.
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** Big-endian, the one number of a pickle that is. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw corrupt('a text of the pickle is not UTF-8');
    }
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw cutOff();
    const text = this.text(end - this.#position);
    this.#advance(1);
    return text;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.length > this.#floor() ? this.#stack.pop() : undefined;
    if (value === undefined) throw corrupt('the pickle takes a value that it never made');
    return value;
  }

  /** The last value, which stays. */
  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Everything since the last mark. */
  popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw corrupt('the pickle ends a group that it never began');
    return this.#stack.splice(mark);
  }

  /** Takes the last values, in their order. */
  popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).toReversed();
  }

  remember(index: number = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) {
      throw corrupt('the pickle recalls a value that it never remembered', { got: `${index}` });
    }
    this.push(value);
  }

  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #advance(count: number): number {
    const start = this.#position;
    if (count > this.#bytes.length - start) throw cutOff();
    this.#position += count;
    return start;
  }
}

function cutOff(): Error {
  return corrupt('the pickle is cut off');
}
