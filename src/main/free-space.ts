import { statfs } from 'node:fs/promises';

/** Bytes that are free where a folder lies, and bytes in all. */
export async function freeSpace(folder: string): Promise<{ readonly free: number; readonly total: number }> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { free: bavail * bsize, total: blocks * bsize };
}
