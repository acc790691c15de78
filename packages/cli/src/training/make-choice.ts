/** One choice of a configuration by its kind. */
type OfKind<Choice, Kind> = Extract<Choice, { readonly kind: Kind }>;

/** What to make of the settings of every choice. */
type Makers<Choice extends { readonly kind: string }, Made> = {
  readonly [Kind in Choice['kind']]: (settings: Omit<OfKind<Choice, Kind>, 'kind'>) => Made;
};

/** Makes what a choice stands for. */
export function make<Choice extends { readonly kind: string }, Made>(
  makers: Makers<Choice, Made>,
  config: Choice,
): Made {
  const { kind, ...settings } = config;
  return makers[kind as Choice['kind']](settings as never);
}
