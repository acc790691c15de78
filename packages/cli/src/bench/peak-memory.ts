/** Looks at the memory of this process again and again and keeps the largest number of bytes. */
export interface PeakMemory {
  sample(): void;
  readonly bytes: number;
}

export function peakMemory(): PeakMemory {
  let bytes = 0;
  const sample = (): void => {
    bytes = Math.max(bytes, process.memoryUsage.rss());
  };
  sample();
  return {
    sample,
    get bytes() {
      return bytes;
    },
  };
}
