import { locate, type Tensor } from '@spikeloom/ir';
import type { Device } from './device.ts';

/** Brings a tensor to the device; an error says what it was for. */
export function uploadAs<H>(device: Pick<Device<H>, 'upload'>, path: string, tensor: Tensor): H {
  try {
    return device.upload(tensor);
  } catch (error) {
    throw locate(error, path);
  }
}
