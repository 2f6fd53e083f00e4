import { FrontError } from './front-error.ts';

/** `head {`, the lines one step in, `}`. */
export function block(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...indented(lines), '}'];
}

export function indented(lines: readonly string[]): string[] {
  return lines.map(line => (line === '' ? '' : `  ${line}`));
}

/** A file name as both programs read it. @throws FrontError for one that would need quotes of its own */
export function fileWord(path: string): string {
  if (/^[\w./@:+-]+$/.test(path)) return path;
  if (/["'\\$%#{};]|[^\x20-\x7e]/.test(path))
    throw new FrontError(`The file name ${path} has characters in it that cannot stand in a configuration.`);
  return `"${path}"`;
}

/** A program reads certificates when it reads its configuration: with others in the same files the text is another. */
export function sealLines({ seal }: { readonly seal?: string | undefined }): string[] {
  return seal === undefined ? [] : [`# With the certificates ${seal}.`];
}

/** A number of bytes as short as it can be written. */
export function sizeWord(bytes: number): string {
  if (bytes % (1024 * 1024) === 0) return `${bytes / (1024 * 1024)}m`;
  return bytes % 1024 === 0 ? `${bytes / 1024}k` : String(bytes);
}

/** The answers that the front gives by itself, as the specification wants them. */
export const ANSWERS = {
  413: '{"errcode":"M_TOO_LARGE","error":"The body is too large."}',
  404: '{"errcode":"M_UNRECOGNIZED","error":"There is no such endpoint here."}',
  502: '{"errcode":"M_UNKNOWN","error":"The server does not answer at the moment. Try again in a few seconds."}',
} as const;

/** How long the front waits, in seconds. */
export const PATIENCE = {
  /** For a connection to a process: what is dead does not say so. */
  connect: 2,
  /** For an answer: joining a large room takes minutes. */
  answer: 300,
  /** For an answer to a long poll: the longest that is served, and a little. */
  longPoll: 3660,
  /** A connection is kept for less than the 75 s of the server, so that it is not closed under a request. */
  idle: 60,
  /** For what is only written into a room, where there are several processes: one that is frozen takes it and says nothing. */
  quick: 8,
  /** How long another process is tried instead. */
  retry: 10,
} as const;
