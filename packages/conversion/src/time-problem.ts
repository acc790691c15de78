import {
  type AnyOperator,
  type GraphNode,
  lowerAlone,
  type PerName,
  type Problem,
  type ValueType,
} from '@spikeloom/ir';

/** The problem of a node that keeps a state or reads the timestep: no trained network without time has one. */
export function timeProblem(
  node: GraphNode,
  op: AnyOperator,
  types: PerName<ValueType>,
): Problem | undefined {
  const inside = op.lower ? lowerAlone(op, types, node.attributes) : [node];
  const does = inside.flatMap((one) => knowledge[one.op] ?? [])[0];
  if (does === undefined) return undefined;
  return {
    code: 'cannot-convert',
    path: node.id,
    message: `${node.op} ${does}, so the network is a spiking one already`,
    fix: 'give the trained network that it was made from',
  };
}

const knowledge: Readonly<Record<string, string>> = {
  'spikeloom/state': 'keeps a state',
  'spikeloom/step': 'reads the timestep',
};
