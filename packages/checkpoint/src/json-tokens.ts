/**
 * The strings, brackets and commas of a JSON text in their order. Its pattern repeats nothing: one that
 * matched whole strings would run out of stack on those of several megabytes.
 */
export function* jsonTokens(text: string): Generator<string, void, void> {
  let start: number | undefined;
  for (const { 0: mark, index } of text.matchAll(/\\.|["{}[\],]/gs)) {
    if (start !== undefined) {
      if (mark !== '"') continue;
      yield text.slice(start, index + 1);
      start = undefined;
    } else if (mark === '"') start = index;
    else yield mark;
  }
}

/** Whether brackets stand in each other at more levels than the limit; reads no further than it must. */
export function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (const token of jsonTokens(text)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}
