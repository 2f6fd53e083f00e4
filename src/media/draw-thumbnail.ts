import { open } from 'node:fs/promises';
import { fileTypeFromBuffer } from 'file-type';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { DECODED_TYPES, type DecodedType, type ImageOutcome, type ImageTask } from './image-task.ts';

sharp.concurrency(1);
sharp.cache(false);
// libvips would decode whatever it recognises (SVG, TIFF, AVIF ...), whatever was found in the first bytes.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp', 'VipsForeignLoadNsgif'],
});

/** What file-type needs at most for the decoded types. */
const MAGIC_BYTES = 4100;
/** A longer animation becomes a still: encoding its frames would take longer than anyone waits. */
const MOST_FRAMES = 500;

interface Source {
  readonly task: ImageTask;
  readonly type: DecodedType;
  readonly meta: Metadata;
  /** Size of a frame as it is shown, EXIF orientation applied. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Makes a thumbnail. Runs in the image process only: sharp and what it decodes never enter the server's. */
export async function drawThumbnail(task: ImageTask): Promise<ImageOutcome> {
  const type = await typeByMagic(task.file);
  if (type === undefined) return { outcome: 'unsupported' };
  const meta = await sharp(task.file, { limitInputPixels: false }).metadata();
  if (`image/${meta.format}` !== type.replace('apng', 'png')) return { outcome: 'unsupported' };
  const { width, height } = meta.autoOrient;
  const source: Source = { task, type, meta, width, height, frames: meta.pages ?? 1 };
  if (width * height > task.maxPixels) return { outcome: 'too_large' };
  if (isItsOwnThumbnail(source)) return { outcome: 'original', type, width, height };
  return drawsMoving(source) ? drawMoving(source) : drawStill(source);
}

async function typeByMagic(path: string): Promise<DecodedType | undefined> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    const mime = (await fileTypeFromBuffer(buffer.subarray(0, bytesRead)))?.mime;
    return DECODED_TYPES.find(type => type === mime);
  } finally {
    await file.close();
  }
}

function isItsOwnThumbnail({ task, type, width, height, frames }: Source): boolean {
  const moves = frames > 1 || type === 'image/apng';
  if (moves && !task.animated) return false;
  return task.width === 0 || (width <= task.width && height <= task.height);
}

/** libvips reads only the first picture of an APNG. */
function drawsMoving({ task, width, height, frames }: Source): boolean {
  return task.animated && frames > 1 && frames <= MOST_FRAMES && frames * width * height <= task.maxPixels;
}

function resized({ task }: Source, frames: number): Sharp {
  const image = sharp(task.file, {
    limitInputPixels: task.maxPixels,
    sequentialRead: true,
    failOn: 'error',
    autoOrient: true,
    pages: frames,
  });
  if (task.width === 0) return image;
  const fit = task.method === 'crop' ? 'cover' : 'inside';
  return image.resize({ width: task.width, height: task.height, fit, withoutEnlargement: true });
}

async function drawMoving(source: Source): Promise<ImageOutcome> {
  const { data, info } = await resized(source, -1)
    .webp({ quality: 75, effort: 2 })
    .toBuffer({ resolveWithObject: true });
  const height = info.pageHeight ?? info.height;
  return { outcome: 'thumbnail', type: 'image/webp', bytes: data, width: info.width, height };
}

/** JPEG, or PNG where something can be seen through. */
async function drawStill(source: Source): Promise<ImageOutcome> {
  const image = source.meta.hasAlpha
    ? await withoutIdleAlpha(resized(source, 1))
    : resized(source, 1).jpeg({ quality: 80 });
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  const type = info.format === 'png' ? 'image/png' : 'image/jpeg';
  return { outcome: 'thumbnail', type, bytes: data, width: info.width, height: info.height };
}

/** Screenshots carry an alpha channel that is opaque everywhere; as PNG their thumbnails would be ten times as large. */
async function withoutIdleAlpha(image: Sharp): Promise<Sharp> {
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const small = sharp(data, { raw: { width, height, channels } });
  const { isOpaque } = await small.stats();
  return isOpaque ? small.flatten().jpeg({ quality: 80 }) : small.png();
}
