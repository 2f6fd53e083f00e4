import { readFileSync } from 'node:fs';

/** The text of a file; undefined where it cannot be read, whatever the reason. For files that come and go by themselves. */
export function textIfReadable(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** What a JSON text says; undefined where it is none. To be checked: somebody else wrote it. */
export function jsonIfValid(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
