/** Tests of a document, kept to be run inside one test of ours. */
export const collected: { readonly name: string; run(): void | Promise<void> }[] = [];

export function collect(name: string, run: () => void | Promise<void>): void {
  collected.push({ name, run });
}
