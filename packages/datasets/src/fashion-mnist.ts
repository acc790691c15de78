/** The classes of Fashion-MNIST, by label. */
export const fashionMnistClasses: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/** `(pixel / 255 - 0.2860) / 0.3530`, the usual normalisation of Fashion-MNIST. */
export const fashionMnistNormalisation = { scale: 1 / 255, mean: [0.286], std: [0.353] } as const;
