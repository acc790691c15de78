import { SpikeloomError } from '@spikeloom/ir';

/**
 * Whether bytes begin like a zip file. A safetensors file can begin with the same eight, as the length of its
 * header, but then has a "{" where a zip file says how it is packed.
 */
export function isZip(bytes: Uint8Array): boolean {
  return startsWith(bytes, 0x50, 0x4b, 3, 4) && bytes[8] !== 0x7b;
}

/**
 * What is wrong with a file that gives itself away by its first bytes or its name. Only for files that have
 * failed as safetensors: the length of a sound header may begin like another format.
 */
export function otherFormat(first: Uint8Array, path = ''): SpikeloomError | undefined {
  const found = formats.find(({ matches }) => matches(first, path));
  if (!found) return undefined;
  return new SpikeloomError({
    code: 'unsupported',
    message: `this is ${found.what}; that is not read here`,
    fix: found.fix,
  });
}

const convert =
  'in Python: `from safetensors.torch import save_file; save_file(model.state_dict(), "model.safetensors")`';

const formats: readonly {
  readonly what: string;
  readonly fix: string;
  matches(first: Uint8Array, path: string): boolean;
}[] = [
  {
    what: 'a PyTorch checkpoint (zip)',
    fix: 'read it with readCheckpoint or readCheckpointFile',
    matches: isZip,
  },
  {
    what: 'a pickle that is not in a zip file, such as PyTorch before 1.6 wrote',
    fix: 'in Python, if you trust the file: `torch.save(torch.load("old.pt", map_location="cpu"), "new.pt")`',
    matches: (first) => [2, 3, 4, 5].some((protocol) => startsWith(first, 0x80, protocol)),
  },
  {
    what: 'an HDF5 file',
    fix: convert,
    matches: (first) => startsWith(first, 0x89, 0x48, 0x44, 0x46),
  },
  {
    what: 'an ONNX model',
    // Exporters turn linear layers into products with transposed weights, which get names of their own.
    fix: 'in Python: `from safetensors.numpy import save_file; save_file({t.name: onnx.numpy_helper.to_array(t) for t in onnx.load("model.onnx").graph.initializer}, "model.safetensors")`, and name the weights of MatMul under "names" and "transpose" of the configuration',
    matches: (_, path) => path.endsWith('.onnx'),
  },
];

function startsWith(bytes: Uint8Array, ...start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}
