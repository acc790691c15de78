import { SpikeloomError } from '@spikeloom/ir';

/** The bytes of a pickle, read from front to back. Throws `corrupt-file` at their end. */
export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
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

  uint64(): number {
    // Beyond 2^53 it is rounded, and still longer than any file.
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** Big-endian, the one number of a pickle that is. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  /** A whole number of any length, two's complement. */
  long(length: number): number {
    const bytes = this.bytes(length);
    const big = bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    return Number(BigInt.asIntN(8 * length, big));
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A text of Python 2, which may be any bytes: one character for each. */
  latin1(length: number): string {
    // Each byte as it is; what TextDecoder calls latin1 is another encoding.
    const parts: string[] = [];
    const bytes = this.bytes(length);
    for (let start = 0; start < length; start += 4096)
      parts.push(String.fromCharCode(...bytes.subarray(start, start + 4096)));
    return parts.join('');
  }

  utf8(length: number): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.bytes(length));
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw cutOff();
    const text = this.latin1(end - this.#position);
    this.#advance(1);
    return text;
  }

  #advance(count: number): number {
    const start = this.#position;
    if (count > this.#bytes.length - start) throw cutOff();
    this.#position += count;
    return start;
  }
}

function cutOff(): SpikeloomError {
  return new SpikeloomError({ code: 'corrupt-file', message: 'the pickle is cut off' });
}
