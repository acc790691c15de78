import type { Tensor } from '@spikeloom/ir';

/** Mean and variance of every channel, axis 1, over all that was added. */
export interface ChannelMoments {
  add(value: Pick<Tensor, 'shape' | 'data'>): void;
  mean(): Float32Array;
  variance(): Float32Array;
}

export function channelMoments(channels: number): ChannelMoments {
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let count = 0;
  return {
    add({ shape, data }) {
      const plane = data.length / (shape[0]! * channels);
      count += shape[0]! * plane;
      for (let start = 0, channel = 0; start < data.length; start += plane) {
        let [sum, square] = [0, 0];
        for (let index = start; index < start + plane; index++) {
          sum += data[index]!;
          square += data[index]! ** 2;
        }
        sums[channel]! += sum;
        squares[channel]! += square;
        channel = (channel + 1) % channels;
      }
    },
    mean: () => Float32Array.from(sums, (sum) => sum / count),
    variance: () =>
      Float32Array.from(squares, (square, channel) =>
        Math.max(square / count - (sums[channel]! / count) ** 2, 0),
      ),
  };
}
