/**
 * A name in any characters as a localpart: those that the grammar does not have become the hexadecimal of their bytes
 * (appendices, "Mapping from other character sets"). Capital letters become small ones.
 */
export function mappedLocalpart(name: string): string {
  // A lone surrogate has no bytes of its own.
  const bytes = Buffer.from(name.toWellFormed().toLowerCase());
  return Array.from(bytes, byte =>
    isPlain(byte) ? String.fromCharCode(byte) : `=${byte.toString(16).padStart(2, '0')}`,
  )
    .join('')
    .slice(0, LONGEST);
}

/** Longer names are cut: nobody wants to write more, and a number may have to follow. */
const LONGEST = 64;

/** All of the grammar but `=`, which is what escapes begin with. */
function isPlain(byte: number): boolean {
  return /[a-z0-9._/+-]/.test(String.fromCharCode(byte));
}
