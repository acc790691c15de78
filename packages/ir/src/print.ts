import * as v from 'valibot';
import { type Graph, type GraphNode, inputRefs, nodeIdOf } from './graph.ts';
import type { Registry } from './registry.ts';
import { formatType } from './value-type.ts';

/** A scope or a node, as a tree by the dots of the paths. */
export interface ScopeTree {
  readonly name: string;
  readonly path: string;
  readonly node?: GraphNode;
  readonly children: readonly ScopeTree[];
}

/** The nodes that are worth showing: not constants, weights and the structure of states. */
function isShown(node: GraphNode): boolean {
  return !['spikeloom/constant', 'spikeloom/param', 'spikeloom/buffer', 'spikeloom/write'].includes(
    node.op,
  );
}

/** The graph as a tree of scopes, in the order it runs. */
export function scopeTree(graph: Graph): ScopeTree {
  interface Draft {
    name: string;
    path: string;
    node?: GraphNode;
    children: Map<string, Draft>;
  }
  const root: Draft = { name: graph.name, path: '', children: new Map() };
  for (const node of graph.nodes.filter(isShown)) {
    let at = root;
    for (const name of node.id.split('.')) {
      const path = at.path ? `${at.path}.${name}` : name;
      let next = at.children.get(name);
      if (!next) {
        next = { name, path, children: new Map() };
        at.children.set(name, next);
      }
      at = next;
    }
    at.node = node;
  }
  const finish = (draft: Draft): ScopeTree => ({
    name: draft.name,
    path: draft.path,
    ...(draft.node ? { node: draft.node } : {}),
    children: [...draft.children.values()].map(finish),
  });
  return finish(root);
}

/**
 * The graph as text, one line per node, blocks indented.
 *
 * @param options.depth how many levels of scopes to open; all by default
 * @param options.registry with it, attributes that differ from their default are printed too
 */
export function printGraph(
  graph: Graph,
  options: { depth?: number; registry?: Registry } = {},
): string {
  const depth = options.depth ?? Number.POSITIVE_INFINITY;
  const lines: string[] = [];
  const print = (tree: ScopeTree, level: number): void => {
    const indent = '  '.repeat(Math.max(level, 0));
    if (tree.node) lines.push(`${indent}${nodeLine(tree.name, tree.node, options.registry)}`);
    else if (level < 0) lines.push(`graph ${tree.name}`);
    else lines.push(`${indent}${tree.name}${level >= depth ? ` (${countNodes(tree)} nodes)` : ''}`);
    if (level >= depth) return;
    for (const child of tree.children) print(child, level + 1);
  };
  print(scopeTree(graph), -1);
  for (const [name, ref] of Object.entries(graph.outputs)) lines.push(`-> ${name} = ${ref}`);
  return lines.join('\n');
}

/**
 * The graph as a Mermaid flow chart, scopes as boxes.
 *
 * @param options.depth scopes below this level are drawn as one box; 2 by default
 */
export function drawGraph(graph: Graph, options: { depth?: number } = {}): string {
  const depth = options.depth ?? 2;
  const names = new Map<string, string>();
  const boxOf = (path: string): string => {
    const known = names.get(path);
    if (known) return known;
    const name = `n${names.size}`;
    names.set(path, name);
    return name;
  };
  const shown = graph.nodes.filter(isShown);
  const ids = new Set(shown.map((node) => node.id));
  const visible = (id: string): string => id.split('.').slice(0, depth).join('.');
  const lines = ['flowchart TD'];
  const draw = (tree: ScopeTree, level: number): void => {
    const indent = '  '.repeat(level + 1);
    if (level >= depth || tree.children.length === 0) {
      const label = tree.node ? `${tree.name}<br/>${shortName(tree.node.op)}` : tree.name;
      lines.push(`${indent}${boxOf(tree.path)}["${label}"]`);
      return;
    }
    if (level > 0) lines.push(`${indent}subgraph ${boxOf(`${tree.path}.`)}["${tree.name}"]`);
    if (tree.node)
      lines.push(`${indent}  ${boxOf(tree.path)}["${tree.name}<br/>${shortName(tree.node.op)}"]`);
    for (const child of tree.children) draw(child, level + 1);
    if (level > 0) lines.push(`${indent}end`);
  };
  draw(scopeTree(graph), 0);
  const arrows = new Set<string>();
  for (const node of shown) {
    for (const source of inputRefs(node).map(nodeIdOf)) {
      if (!ids.has(source)) continue;
      const [from, to] = [visible(source), visible(node.id)];
      if (from !== to) arrows.add(`  ${boxOf(from)} --> ${boxOf(to)}`);
    }
  }
  return [...lines, ...arrows].join('\n');
}

function nodeLine(name: string, node: GraphNode, registry?: Registry): string {
  const types = Object.entries(node.outputs).map(([output, type]) =>
    output === 'out' ? formatType(type) : `${output}: ${formatType(type)}`,
  );
  const schemas = registry?.operators.get(node.op)?.attributes ?? {};
  const attributes = Object.entries(schemas).flatMap(([attribute, schema]) => {
    const value = JSON.stringify(node.attributes[attribute]);
    return value === JSON.stringify(v.getDefault(schema)) ? [] : [`${attribute}=${value}`];
  });
  const call = [...inputRefs(node), ...attributes].join(', ');
  return `${name}: ${shortName(node.op)}(${call}) -> ${types.join(', ')}`;
}

function shortName(op: string): string {
  return op.startsWith('spikeloom/') ? op.slice('spikeloom/'.length) : op;
}

function countNodes(tree: ScopeTree): number {
  return tree.children.reduce((total, child) => total + countNodes(child), tree.node ? 1 : 0);
}
