import type { Surrogate } from '@spikeloom/ir';

/** `(alpha / 2) / (1 + (pi / 2 * alpha * u)^2)`; Fang et al. (2021), arXiv 2007.05785. */
export function atan(alpha = 2): Surrogate {
  return { kind: 'atan', alpha };
}

/** `alpha * s(alpha u) * (1 - s(alpha u))`; Neftci et al. (2019), arXiv 1901.09948. */
export function sigmoid(alpha = 4): Surrogate {
  return { kind: 'sigmoid', alpha };
}

/** `max(0, width - |u|) / width^2`, also called ZIF; Deng et al. (2022), arXiv 2202.11946. */
export function triangle(width = 1): Surrogate {
  return { kind: 'triangle', width };
}

/** `1 / (1 + slope * |u|)^2`; Zenke & Ganguli (2018), arXiv 1705.11146. */
export function fastSigmoid(slope = 25): Surrogate {
  return { kind: 'fast-sigmoid', slope };
}

/** `1 / width` where `|u| < width / 2`, else 0; Wu et al. (2018), arXiv 1706.02609. */
export function rectangle(width = 1): Surrogate {
  return { kind: 'rectangle', width };
}
