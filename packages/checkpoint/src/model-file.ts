import {
  type Graph,
  graphFromJson,
  graphToJson,
  irVersion,
  type Registry,
  SpikeloomError,
  type Tensor,
} from '@spikeloom/ir';
import { fromTensor, toTensor } from './convert-dtype.ts';
import { nestsDeeper } from './json-tokens.ts';
import { readSafetensors, type SafetensorsFile, writeSafetensors } from './safetensors.ts';

const graphKey = 'spikeloom.graph';
const versionKey = 'spikeloom.ir_version';
/** Deeper JSON than any graph has would exhaust the stack of the parsers behind this. */
const maxDepth = 64;

/** Writes a model as one safetensors file: weights as ordinary tensors, the graph in the metadata. */
export function saveModel(graph: Graph): Uint8Array {
  return writeSafetensors({
    tensors: new Map([...graph.weights].map(([name, tensor]) => [name, fromTensor(tensor)])),
    metadata: new Map([
      [versionKey, String(irVersion)],
      [graphKey, JSON.stringify(graphToJson(graph))],
    ]),
  });
}

/** Reads a model from the bytes of its file. */
export function loadModel(bytes: Uint8Array, registry: Registry): Graph {
  return modelFrom(readSafetensors(bytes), registry);
}

/** Whether a file holds a graph, or only tensors. */
export function holdsGraph(file: SafetensorsFile): boolean {
  return file.metadata.has(graphKey);
}

/** Reads the model in a safetensors file. */
export function modelFrom(file: SafetensorsFile, registry: Registry): Graph {
  const version = Number(file.metadata.get(versionKey));
  const text = file.metadata.get(graphKey);
  if (text === undefined) {
    throw new SpikeloomError({
      code: 'corrupt-file',
      message: 'the file holds tensors but no graph',
      fix: 'it is a plain checkpoint: build the network first, with @spikeloom/models or `spikeloom convert`',
    });
  }
  if (version > irVersion) {
    throw new SpikeloomError({
      code: 'newer-ir-version',
      message: 'the file was written for a newer version of the IR',
      expected: `IR version ${irVersion} or older`,
      got: `${version}`,
      fix: 'update @spikeloom/ir',
    });
  }
  return graphFromJson(parseGraph(text), tensorsOf(file), registry);
}

/** All tensors of a file, as the IR knows tensors. */
export function tensorsOf(file: SafetensorsFile): Map<string, Tensor> {
  return new Map([...file.tensors].map(([name, stored]) => [name, toTensor(name, stored)]));
}

function parseGraph(text: string): unknown {
  if (nestsDeeper(text, maxDepth)) {
    throw new SpikeloomError({
      code: 'corrupt-file',
      path: graphKey,
      message: 'the graph is nested too deeply',
      expected: `at most ${maxDepth} levels`,
    });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SpikeloomError(
      { code: 'corrupt-file', path: graphKey, message: 'the graph is not JSON' },
      { cause },
    );
  }
}
