/** What `assembly/index.ts` exports for batch normalisation; `KernelExports` has the rest. */
export interface NormalisationExports {
  batchNorm(
    x: number,
    weight: number,
    bias: number,
    mean: number,
    variance: number,
    out: number,
    samples: number,
    channels: number,
    inner: number,
    epsilon: number,
  ): void;
  batchNormStatistics(
    x: number,
    weight: number,
    bias: number,
    out: number,
    mean: number,
    variance: number,
    sums: number,
    samples: number,
    channels: number,
    inner: number,
    epsilon: number,
  ): void;
  batchNormStatisticsGradient(
    x: number,
    weight: number,
    mean: number,
    variance: number,
    gradient: number,
    out: number,
    weightOut: number,
    biasOut: number,
    sums: number,
    samples: number,
    channels: number,
    inner: number,
    epsilon: number,
  ): void;
}
