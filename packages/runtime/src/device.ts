import type {
  Attributes,
  AttributeSpec,
  GraphNode,
  PerName,
  Tensor,
  ValueType,
} from '@spikeloom/ir';

/**
 * Where numbers live and are worked on: what a backend implements. It is not responsible for order,
 * lifetimes, states or timesteps; the runtime is.
 *
 * @typeParam H the backend's own tensor
 */
export interface Device<H> {
  /** The name kernels and plugins refer to: `cpu`, `wasm`. */
  readonly name: string;
  /** A kernel for every primitive, and for any other operator where that pays. */
  readonly kernels: readonly Kernel<H>[];
  /** How many bytes of values it can hold at once. A run that needs more is refused. Default: no limit. */
  readonly memory?: number;
  /** Called once before anything else runs. */
  ready?(): Promise<void>;
  /** Called before a stretch of work that will not wait for anything. */
  activate?(): void;
  upload(tensor: Tensor): H;
  download(handle: H): Promise<Tensor>;
  /** A float32 value filled with one number. */
  fill(shape: readonly number[], value: number): H;
  /** The chosen rows along an axis, as a new value. */
  take(handle: H, rows: readonly number[], axis: number): H;
  /** How many elements are not zero, for every position of the kept axes. */
  countNonZero(handle: H, keep: readonly number[]): Promise<Tensor>;
  free(handle: H): void;
}

/** The code of one operator on one device. One kernel, one file. */
export interface Kernel<H> {
  /** The operator's id. */
  readonly op: string;
  /** Whether it can do this node; it can do all by default. What it cannot do is lowered. */
  accepts?(node: GraphNode): boolean;
  /** Inputs, read element by element, that may be given as they were before copies (`KernelCall.through`). */
  readonly readsThrough?: readonly string[];
  /**
   * A kernel for one node of one program, where more is known: what the numbers of inputs can be, and which
   * never change. It may keep what it works out from those. Default: the kernel as it is.
   */
  specialise?(site: KernelSite): SpecialKernel<H> | undefined;
  /** Computes the outputs by name. Inputs are only read. */
  run(call: KernelCall<H>): Readonly<Record<string, H>>;
}

/** What is known of a node when its program is compiled. */
export interface KernelSite {
  readonly node: GraphNode;
  readonly types: PerName<ValueType>;
  /** Inputs that are weights, or follow from weights alone: every call gets the same handles. */
  readonly fixed: ReadonlySet<string>;
}

/** A kernel that lives as long as one program. */
export interface SpecialKernel<H> {
  run(call: KernelCall<H>): Readonly<Record<string, H>>;
  /** Frees what it keeps; called once, when nothing runs any more. */
  free(): void;
}

/** One execution of a kernel. */
export interface KernelCall<H> {
  readonly node: GraphNode;
  readonly inputs: PerName<H>;
  /**
   * The copies that stand between what is given and an input of `readsThrough`, by its name: a reshape or none, then
   * transposes and slices.
   */
  readonly through?: Readonly<Record<string, readonly GraphNode[]>> | undefined;
  /** The numbers that named sizes stand for in this call. */
  readonly sizes: Readonly<Record<string, number>>;
  /** The index of the timestep, from 0. */
  readonly step: number;
  /** What a state inside the operator holds, by its path below the node. */
  state(name: string): H;
  /** Sets what the state holds at the next timestep; may be the same handle, changed in place. */
  write(name: string, handle: H): void;
}

/** The one value of an input that is not a list. */
export function single<H>(call: Pick<KernelCall<H>, 'inputs'>, name: string): H {
  return call.inputs[name] as H;
}

/** The values of an input that is a list. */
export function many<H>(call: Pick<KernelCall<H>, 'inputs'>, name: string): readonly H[] {
  return call.inputs[name] as readonly H[];
}

/** The attributes of a node, with the types its operator gives them. The graph has been checked before. */
export function attributesOf<A extends AttributeSpec>(
  op: { readonly id: string; readonly attributes: A },
  { node }: Pick<KernelCall<never>, 'node'>,
): Attributes<A> {
  return node.attributes as Attributes<A>;
}

/** A kernel that a plugin contributes for a backend it does not own. */
export interface PluginKernel extends Kernel<unknown> {
  /** The device name it is written for. */
  readonly backend: string;
}

declare module '@spikeloom/ir' {
  interface PluginContributions {
    /** Kernels for backends, tried before the backend's own. */
    readonly kernels?: readonly PluginKernel[];
  }
}
