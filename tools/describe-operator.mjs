// One operator as a section of docs/ir.md, always in the same form: signature, meaning, signal rule, energy
// class, example as JSON.
import { createBuilder, formatType, graphToJson } from '@spikeloom/ir';
import { toJsonSchema } from '@valibot/to-json-schema';

export function describeOperator(op) {
  const lines = [`### \`${op.id}\``, '', op.summary, '', `- **Inputs:** ${inputsOf(op)}`];
  lines.push(`- **Attributes:** ${attributesOf(op)}`, `- **Outputs:** ${outputsOf(op)}`);
  if (op.equation) lines.push(`- **Meaning:** \`${op.equation}\``);
  lines.push(`- **Signal:** ${op.signalRule}`, `- **Energy class:** ${energyClassOf(op)}`);
  if (op.affineIn) {
    const groups = op.affineIn.map((group) => group.join(' and ')).join('; or ');
    lines.push(`- **Affine in:** ${groups} (commutes with the mean over time)`);
  }
  if (op.source) lines.push(`- **Source:** ${op.source}`);
  return [...lines, '', '```json', JSON.stringify(exampleNode(op), null, 1), '```', ''].join('\n');
}

function inputsOf(op) {
  const entries = Object.entries(op.inputs).map(([name, { dtype, optional, variadic }]) => {
    const notes = [dtype === 'any' ? 'any dtype' : dtype];
    if (variadic) notes.push('a list');
    if (optional) notes.push('optional');
    return `\`${name}\` (${notes.join(', ')})`;
  });
  return entries.join(', ') || 'none';
}

function attributesOf(op) {
  const entries = Object.entries(op.attributes).map(([name, schema]) => {
    const { default: fallback, ...type } = toJsonSchema(schema, { errorMode: 'ignore' });
    delete type.$schema;
    const required =
      fallback === undefined ? 'required' : `default \`${JSON.stringify(fallback)}\``;
    return `\`${name}\`: ${typeText(type)}, ${required}`;
  });
  return entries.join('; ') || 'none';
}

function typeText(type) {
  if (type.enum) return type.enum.map((word) => `\`${JSON.stringify(word)}\``).join(' or ');
  if (type.anyOf || type.oneOf) {
    const kinds = (type.anyOf ?? type.oneOf).map(
      (one) => one.properties?.kind?.const ?? typeText(one),
    );
    return [...new Set(kinds)].join(' or ');
  }
  if (type.type === 'array' && type.prefixItems) return `${type.prefixItems.length} numbers`;
  if (Array.isArray(type.items)) return `${type.items.length} numbers`;
  if (type.type === 'array') return `list of ${typeText(type.items ?? {})}`;
  const bounds = [];
  if (type.minimum !== undefined) bounds.push(`>= ${type.minimum}`);
  if (type.exclusiveMinimum !== undefined) bounds.push(`> ${type.exclusiveMinimum}`);
  if (type.const !== undefined) return `\`${JSON.stringify(type.const)}\``;
  return [type.type ?? 'number', ...bounds].join(' ');
}

function outputsOf(op) {
  const [example] = op.examples;
  if (!example) return op.id === 'spikeloom/write' ? 'none' : '`out`';
  const { node } = buildExample(op, example);
  return Object.entries(node.outputs)
    .map(([name, type]) => `\`${name}\`, for example \`${formatType(type)}\``)
    .join(', ');
}

function energyClassOf(op) {
  const [example] = op.examples;
  if (!op.work) return 'that of its lowering';
  if (!example)
    return op.id === 'spikeloom/state' ? 'state (one read and one write per element)' : 'none';
  const { node, types } = buildExample(op, example);
  const work = op.work(types, node.attributes, node.outputs);
  if (work.kind === 'elementwise') {
    const parts = Object.entries(work.operations).map(([name, count]) =>
      count === 1 ? name : `${count} x ${name}`,
    );
    return `elementwise (${parts.join(', ')}, for each output element)`;
  }
  if (work.kind === 'reduction') return `reduction (${work.operation}, for each input element)`;
  return work.kind === 'contraction'
    ? 'contraction (MAC, or AC where an operand is events)'
    : work.kind;
}

/** The node of the operator's first example, with inputs of the shapes given there. */
function buildExample(op, example) {
  const builder = createBuilder({ name: 'example' });
  const types = {};
  const declare = (input, label, dtype) =>
    builder.input(label, input.shape, { dtype: dtype === 'any' ? 'float32' : dtype });
  const values = Object.fromEntries(
    Object.entries(example.inputs).map(([name, given]) => {
      const { dtype } = op.inputs[name];
      const value = Array.isArray(given)
        ? given.map((input, index) => declare(input, `${name}_${index}`, dtype))
        : declare(given, name, dtype);
      types[name] = Array.isArray(value) ? value.map((one) => one.type) : value.type;
      return [name, value];
    }),
  );
  builder.apply(op, values, example.attributes, 'example');
  const graph = builder.build();
  const node = graph.nodes.find(({ id }) => id === 'example');
  return { node, types, json: graphToJson(graph).nodes.find(({ id }) => id === 'example') };
}

/** Nodes of the structure, which no example can run alone. */
const structural = {
  'spikeloom/input': {
    id: 'image',
    op: 'spikeloom/input',
    version: 1,
    attributes: { shape: ['N', 1, 28, 28], dtype: 'float32', signal: { kind: 'real' } },
  },
  'spikeloom/param': {
    id: 'head.weight',
    op: 'spikeloom/param',
    version: 1,
    attributes: { shape: [10, 96], dtype: 'float32', trainable: true },
  },
  'spikeloom/buffer': {
    id: 'bn.running_mean',
    op: 'spikeloom/buffer',
    version: 1,
    attributes: { shape: [64], dtype: 'float32' },
  },
  'spikeloom/state': {
    id: 'lif.v',
    op: 'spikeloom/state',
    version: 1,
    attributes: { shape: ['N', 64], initial: 0, signal: { kind: 'real' } },
  },
  'spikeloom/write': {
    id: 'lif.v.write',
    op: 'spikeloom/write',
    version: 1,
    inputs: { state: 'lif.v', value: 'lif.sub' },
  },
};

function exampleNode(op) {
  const [example] = op.examples;
  return example ? buildExample(op, example).json : structural[op.id];
}
