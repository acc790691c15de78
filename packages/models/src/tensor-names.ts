/**
 * Parameter of a network to its name in a checkpoint; a list of names is joined along the first axis. A key may
 * stand for a whole module (`"head": "classifier"`), and `*` in it for one part of a name, which takes the place
 * of the `*` in the value: `"blocks.*.norm1": "encoder.layers.encoder_layer_*.ln_1"`.
 */
export type TensorNames = Readonly<Record<string, string | readonly string[]>>;

/**
 * What a parameter is called in a checkpoint: by its own name, else by that of the smallest module that has one.
 *
 * @param join puts the rest of the parameter's name, such as `weight`, after the name of a module
 * @returns nothing if the names do not mention it
 */
export function storedNames(
  parameter: string,
  names: TensorNames,
  join: (module: string, rest: string) => string,
): readonly string[] | undefined {
  const parts = parameter.split('.');
  for (let end = parts.length; end > 0; end--) {
    const found = lookUp(parts.slice(0, end).join('.'), names);
    const rest = parts.slice(end).join('.');
    if (found !== undefined)
      return [found].flat().map((name) => (rest === '' ? name : join(name, rest)));
  }
  return undefined;
}

function lookUp(path: string, names: TensorNames): string | readonly string[] | undefined {
  if (Object.hasOwn(names, path)) return names[path];
  for (const [pattern, value] of Object.entries(names)) {
    const parts = pattern.includes('*') ? matchParts(path, pattern) : undefined;
    if (!parts) continue;
    const fill = (name: string): string => {
      let next = 0;
      return name.replaceAll('*', () => parts[next++] ?? '*');
    };
    return typeof value === 'string' ? fill(value) : value.map(fill);
  }
  return undefined;
}

/** What the `*` of a pattern stand for in a name, if it fits. */
function matchParts(path: string, pattern: string): readonly string[] | undefined {
  const [given, wanted] = [path.split('.'), pattern.split('.')];
  const fits =
    given.length === wanted.length &&
    wanted.every((part, index) => part === '*' || part === given[index]);
  return fits ? given.filter((_, index) => wanted[index] === '*') : undefined;
}
