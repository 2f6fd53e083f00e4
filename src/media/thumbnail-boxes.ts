import type { ThumbnailBox, ThumbnailMethod } from './image-task.ts';

/**
 * The only sizes that thumbnails are made in, smallest first, so that nobody fills the disk with variants. The
 * specification's five, and larger ones for screens with two and three pixels to the point.
 */
const BOXES: readonly ThumbnailBox[] = [
  { width: 32, height: 32, method: 'crop' },
  { width: 96, height: 96, method: 'crop' },
  { width: 256, height: 256, method: 'crop' },
  { width: 512, height: 512, method: 'crop' },
  { width: 320, height: 240, method: 'scale' },
  { width: 640, height: 480, method: 'scale' },
  { width: 800, height: 600, method: 'scale' },
  { width: 1600, height: 1200, method: 'scale' },
];

/** As large as the image is: nothing is resized. */
const UNSCALED: ThumbnailBox = { width: 0, height: 0, method: 'scale' };

/**
 * The smallest box that a thumbnail of the wanted size fits into. Beyond the largest it is the original: a thumbnail
 * must never be smaller than what was asked for (client-server API, "Thumbnails").
 */
export function boxFor(width: number, height: number, method: ThumbnailMethod): ThumbnailBox {
  const large = (box: ThumbnailBox) => box.method === method && box.width >= width && box.height >= height;
  return BOXES.find(large) ?? UNSCALED;
}
