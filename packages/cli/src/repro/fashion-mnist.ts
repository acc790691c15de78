import { fashionMnistSample, type ImageSource } from '@spikeloom/datasets';
import { openDataset, type Split } from '@spikeloom/datasets/node';
import { isSpikeloomError } from '@spikeloom/ir';

/** The whole set where it is installed, else the bundled thousand images of each split. */
export async function openFashionMnist(
  split: Split,
): Promise<{ readonly source: ImageSource; readonly isWhole: boolean }> {
  try {
    return { source: await openDataset('fashion-mnist', { split }), isWhole: true };
  } catch (error) {
    if (!isSpikeloomError(error) || error.code !== 'not-found') throw error;
    return { source: await fashionMnistSample(split), isWhole: false };
  }
}
