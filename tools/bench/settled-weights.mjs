// Random weights with which every layer of a SpikingResformer fires: normalisations and firing rates are set by
// what an input gives, again and again until it stays, which takes as many passes as there are layers.

/** @param bias what all normalisations add but those of the keys; more of it, more spikes */
export async function settledWeights(network, { backend, registry, inputs, timesteps, bias }) {
  const norms = network.nodes.filter(({ op }) => op === 'spikeloom/batch-norm');
  const blocks = network.nodes.filter(({ op }) => op === 'spikeloom.attention/dssa');
  const maps = new Map(blocks.map(({ id }) => [id, `${id}.activation_attn`]));
  const watched = [...norms.map(inputOf), ...blocks.map(inputOf), ...maps.values()];
  const keys = new Set(blocks.map((block) => block.inputs.keys));
  const weights = new Map(network.weights);
  for (const { id, inputs: of } of norms) {
    const size = weights.get(of.bias).data.length;
    if (!keys.has(id)) weights.set(of.bias, vector(new Float32Array(size).fill(bias)));
  }
  for (let pass = 0; pass < 40; pass++) {
    const options = { registry, expose: [...maps.values()] };
    const program = await backend.compile({ ...network, weights }, options);
    const sums = new Map();
    const taps = watched.map((at) => ({
      at,
      observe: ({ value }) => addChannels(sums, at, value),
    }));
    await program.run(inputs, { timesteps, taps });
    program.dispose();
    for (const norm of norms) {
      const { mean, variance } = momentsOf(sums.get(inputOf(norm)));
      weights.set(norm.inputs.mean, vector(mean));
      weights.set(norm.inputs.variance, vector(variance));
    }
    for (const block of blocks) {
      const { heads } = block.attributes;
      const rates = (at) => inHeads(momentsOf(sums.get(at)).mean, heads);
      weights.set(block.inputs.rateX, rates(inputOf(block)));
      weights.set(block.inputs.rateAttn, rates(maps.get(block.id)));
    }
  }
  return weights;
}

function inputOf(node) {
  return node.inputs.x;
}

/** Adds the sums and sums of squares of every channel, which is axis 1. */
function addChannels(sums, at, { shape, data }) {
  const [rows, channels] = shape;
  const plane = data.length / (rows * channels);
  const totals = sums.get(at) ?? {
    count: 0,
    sum: new Float64Array(channels),
    squares: new Float64Array(channels),
  };
  sums.set(at, totals);
  totals.count += rows * plane;
  for (let index = 0; index < data.length; index++) {
    const channel = Math.floor(index / plane) % channels;
    totals.sum[channel] += data[index];
    totals.squares[channel] += data[index] ** 2;
  }
}

function momentsOf({ count, sum, squares }) {
  const mean = Float32Array.from(sum, (total) => total / count);
  const variance = Float32Array.from(squares, (total, channel) =>
    Math.max(total / count - (sum[channel] / count) ** 2, 0),
  );
  return { mean, variance };
}

/** Means of neighbouring channels, one for each head. */
function inHeads(means, heads) {
  const width = means.length / heads;
  const data = new Float32Array(heads);
  means.forEach((mean, channel) => (data[Math.floor(channel / width)] += mean / width));
  return { shape: [1, 1, heads, 1, 1], dtype: 'float32', data };
}

function vector(data) {
  return { shape: [data.length], dtype: 'float32', data };
}
