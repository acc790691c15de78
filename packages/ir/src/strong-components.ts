/**
 * Numbers the strongly connected components so that every component comes after those it needs
 * (Tarjan 1972, with a stack of its own).
 */
export function strongComponents(needs: readonly (readonly number[])[]): number[] {
  const index = needs.map(() => -1);
  const low = needs.map(() => 0);
  const component = needs.map(() => -1);
  const open: number[] = [];
  let visited = 0;
  let finished = 0;
  for (let root = 0; root < needs.length; root++) {
    if (index[root] !== -1) continue;
    const work = [{ vertex: root, next: 0 }];
    while (work.length > 0) {
      const frame = work.at(-1)!;
      const { vertex } = frame;
      if (frame.next === 0) {
        index[vertex] = low[vertex] = visited++;
        open.push(vertex);
      }
      const target = needs[vertex]![frame.next];
      frame.next += 1;
      if (target !== undefined) {
        if (index[target] === -1) work.push({ vertex: target, next: 0 });
        else if (component[target] === -1) low[vertex] = Math.min(low[vertex]!, index[target]!);
        continue;
      }
      work.pop();
      const parent = work.at(-1)?.vertex;
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[vertex]!);
      if (low[vertex] !== index[vertex]) continue;
      for (let member = open.pop()!; ; member = open.pop()!) {
        component[member] = finished;
        if (member === vertex) break;
      }
      finished += 1;
    }
  }
  return component;
}
