import type { Tensor } from '@spikeloom/ir';

/** What the reference needs to know of a configuration, with every choice made. */
export interface ReferenceConfig {
  readonly image: readonly [number, number, number];
  readonly patch: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly norm: 'pre' | 'post';
  readonly epsilon: number;
  readonly activation: 'gelu' | 'relu';
  readonly classToken: boolean;
  readonly pool: 'token' | 'mean' | 'mean-then-norm';
  readonly finalNorm: boolean;
  readonly hasPreLogits: boolean;
}

type Rows = readonly (readonly number[])[];

/** A Vision Transformer in plain loops over doubles, for one image; written from the paper, not from ours. */
export function referenceVit(
  config: ReferenceConfig,
  weights: ReadonlyMap<string, Tensor>,
  image: ArrayLike<number>,
): number[] {
  const get = (name: string): ArrayLike<number> => weights.get(name)!.data;
  const dense = (x: Rows, name: string): Rows => {
    const [outputs, inputs] = weights.get(`${name}.weight`)!.shape as readonly [number, number];
    const w = get(`${name}.weight`);
    const bias = weights.get(`${name}.bias`)?.data;
    return x.map((row) =>
      range(outputs, (o) => sum(inputs, (i) => row[i]! * w[o * inputs + i]!) + (bias?.[o] ?? 0)),
    );
  };
  const normalise = (x: Rows, name: string): Rows =>
    x.map((row) => {
      const centre = sum(row.length, (i) => row[i]!) / row.length;
      const variance = sum(row.length, (i) => (row[i]! - centre) ** 2) / row.length;
      const [scale, shift] = [get(`${name}.weight`), get(`${name}.bias`)];
      return row.map(
        (value, i) =>
          ((value - centre) / Math.sqrt(variance + config.epsilon)) * scale[i]! + shift[i]!,
      );
    });
  const attend = (x: Rows, scope: string): Rows => {
    const { dim, heads } = config;
    const width = dim / heads;
    const qkv = dense(x, `${scope}.qkv`);
    const merged = x.map(() => Array.from({ length: dim }, () => 0));
    for (let head = 0; head < heads; head++) {
      const part = (row: readonly number[], which: number, i: number): number =>
        row[which * dim + head * width + i]!;
      qkv.forEach((query, from) => {
        const scores = qkv.map(
          (key) => sum(width, (i) => part(query, 0, i) * part(key, 1, i)) / Math.sqrt(width),
        );
        const largest = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - largest));
        const total = sum(powers.length, (i) => powers[i]!);
        for (let i = 0; i < width; i++) {
          merged[from]![head * width + i] = sum(
            qkv.length,
            (to) => (powers[to]! / total) * part(qkv[to]!, 2, i),
          );
        }
      });
    }
    return dense(merged, `${scope}.proj`);
  };
  const perceive = (x: Rows, scope: string): Rows => {
    const activate = config.activation === 'relu' ? (u: number) => Math.max(u, 0) : gelu;
    return dense(
      dense(x, `${scope}.fc1`).map((row) => row.map(activate)),
      `${scope}.fc2`,
    );
  };

  let tokens = embed(config, weights, image);
  for (let block = 0; block < config.depth; block++) {
    const scope = `blocks.${block}`;
    if (config.norm === 'pre') {
      tokens = add(tokens, attend(normalise(tokens, `${scope}.norm1`), `${scope}.attn`));
      tokens = add(tokens, perceive(normalise(tokens, `${scope}.norm2`), `${scope}.mlp`));
    } else {
      tokens = normalise(add(tokens, attend(tokens, `${scope}.attn`)), `${scope}.norm1`);
      tokens = normalise(add(tokens, perceive(tokens, `${scope}.mlp`)), `${scope}.norm2`);
    }
  }
  const isLate = config.pool === 'mean-then-norm';
  if (config.finalNorm && !isLate) tokens = normalise(tokens, 'norm');
  let pooled: Rows = [
    config.pool === 'token' ? tokens[0]! : mean(tokens.slice(config.classToken ? 1 : 0)),
  ];
  if (config.finalNorm && isLate) pooled = normalise(pooled, 'fc_norm');
  if (config.hasPreLogits) pooled = dense(pooled, 'pre_logits').map((row) => row.map(Math.tanh));
  return [...dense(pooled, 'head')[0]!];
}

function embed(
  { image: [channels, height, width], patch, dim, classToken }: ReferenceConfig,
  weights: ReadonlyMap<string, Tensor>,
  image: ArrayLike<number>,
): Rows {
  const get = (name: string): ArrayLike<number> => weights.get(name)!.data;
  const [kernel, bias] = [get('patch_embed.proj.weight'), get('patch_embed.proj.bias')];
  const tokens: number[][] = classToken ? [Array.from(get('cls_token'))] : [];
  for (let top = 0; top < height; top += patch) {
    for (let left = 0; left < width; left += patch) {
      tokens.push(
        range(
          dim,
          (o) =>
            sum(channels * patch * patch, (at) => {
              const [c, y, x] = [
                Math.floor(at / patch ** 2),
                Math.floor(at / patch) % patch,
                at % patch,
              ];
              const pixel = image[(c * height + top + y) * width + left + x]!;
              return pixel * kernel[o * channels * patch ** 2 + at]!;
            }) + bias[o]!,
        ),
      );
    }
  }
  const position = get('pos_embed');
  return tokens.map((row, token) => row.map((value, i) => value + position[token * dim + i]!));
}

function add(a: Rows, b: Rows): Rows {
  return a.map((row, index) => row.map((value, i) => value + b[index]![i]!));
}

function mean(rows: Rows): number[] {
  return rows[0]!.map((_, i) => sum(rows.length, (row) => rows[row]![i]!) / rows.length);
}

/** `u * Phi(u)` with the normal distribution function by its series. */
function gelu(u: number): number {
  let term = u;
  let total = u;
  for (let k = 1; k < 200; k++) {
    term *= (-u * u) / (2 * k);
    total += term / (2 * k + 1);
  }
  return u * (0.5 + total / Math.sqrt(2 * Math.PI));
}

function range(count: number, at: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => at(index));
}

function sum(count: number, at: (index: number) => number): number {
  let total = 0;
  for (let index = 0; index < count; index++) total += at(index);
  return total;
}
