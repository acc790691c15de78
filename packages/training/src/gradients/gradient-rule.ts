import type { Builder, NodeAttributes, PerName, Value } from '@spikeloom/ir';

/** How gradients flow back through one operator. */
export interface GradientRule {
  /** The operator's id. */
  readonly op: string;
  /**
   * The gradients of the inputs by name, in the shapes of the inputs; an input that none flows to is left out.
   * What nobody needs is dropped later, so a rule may build all.
   */
  build(b: Builder, call: GradientCall): PerName<Value>;
}

/** One node that gradients flow through. */
export interface GradientCall {
  readonly attributes: NodeAttributes;
  readonly inputs: PerName<Value>;
  readonly outputs: Readonly<Record<string, Value>>;
  /** The gradient of every output that the result depends on, by name. */
  readonly upstream: Readonly<Record<string, Value | undefined>>;
}

/** The one value of an input that is not a list. */
export function inputOf(call: Pick<GradientCall, 'inputs'>, name: string): Value {
  return call.inputs[name] as Value;
}

/** A rule for an operator with the one output `out`. */
export function rule(
  op: string,
  build: (b: Builder, gradient: Value, call: GradientCall) => PerName<Value>,
): GradientRule {
  return { op, build: (b, call) => build(b, call.upstream['out']!, call) };
}

declare module '@spikeloom/ir' {
  interface PluginContributions {
    /** Gradient rules for operators of the plugin; those without one are differentiated through their lowering. */
    readonly gradients?: readonly GradientRule[];
  }
}
