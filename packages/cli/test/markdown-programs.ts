/** The blocks marked `ts run` of a document, as one program. */
export function runnableProgram(markdown: string): string {
  return blocks(markdown)
    .filter(({ info }) => info === 'ts run')
    .map(({ code }) => code)
    .join('\n');
}

/**
 * What that program prints by its document: comments right after a `console.log(…);`, and blocks marked
 * `text output`, in order.
 */
export function expectedOutput(markdown: string): string[] {
  return blocks(markdown).flatMap(({ info, code }) => {
    if (info === 'text output')
      return code
        .trimEnd()
        .split('\n')
        .map((line) => line.trim());
    if (info !== 'ts run') return [];
    const logged = code.matchAll(
      /console\.log\([\s\S]*?\);\n(?:[ \t]*}\n)*((?:[ \t]*\/\/ .*\n)+)/g,
    );
    return [...logged].flatMap(([, comments]) =>
      comments!
        .trimEnd()
        .split('\n')
        .map((line) =>
          line
            .trim()
            .replace(/^\/\/ /, '')
            .trim(),
        ),
    );
  });
}

/** The blocks marked `ts file=NAME`, by name. */
export function namedFiles(markdown: string): Map<string, string> {
  return new Map(
    blocks(markdown).flatMap(({ info, code }) => {
      const name = /^ts file=(\S+)$/.exec(info)?.[1];
      return name ? [[name, code] as const] : [];
    }),
  );
}

function blocks(markdown: string): { info: string; code: string }[] {
  return [...markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info, code]) => ({
    info: info!.trim(),
    code: code!,
  }));
}
