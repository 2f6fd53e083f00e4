import { Readable } from 'node:stream';

export const MIB = 1024 * 1024;

/** As many bytes, a megabyte at a time. */
export function bytes(count: number): Readable {
  const piece = Buffer.alloc(MIB);
  return Readable.from(
    (function* () {
      for (let left = count; left > 0; left -= MIB) yield left >= MIB ? piece : piece.subarray(0, left);
    })(),
  );
}
