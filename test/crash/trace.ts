import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What a process did to its files, and what it said to others, in the order in which it happened. */
export type Call =
  | { readonly kind: 'create'; readonly path: string; readonly truncate: boolean }
  /** Without an offset: behind what was written last. */
  | { readonly kind: 'write'; readonly path: string; readonly offset: number | undefined; readonly data: Uint8Array }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  /** What is written after a sync has begun is not part of it. */
  | { readonly kind: 'sync begins' | 'sync' | 'unlink' | 'mkdir'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'said'; readonly text: string };

const CALLS = [
  ...['openat', 'write', 'writev', 'pwrite64', 'pwritev', 'sendmsg', 'sendto', 'fsync', 'fdatasync', 'ftruncate'],
  ...['renameat', 'renameat2', 'unlinkat', 'mkdirat'],
  // Not on every architecture.
  ...['?open', '?creat', '?rename', '?unlink', '?mkdir'],
];

/** Arguments for strace before those of the program: every call is written to `file`, whole. */
export function straceArguments(file: string): string[] {
  return ['-f', '-y', '--seccomp-bpf', '-qqq', '-xx', '-s', '10000000', '-e', `trace=${CALLS.join(',')}`, '-o', file];
}

export async function readTrace(file: string): Promise<Call[]> {
  const calls: Call[] = [];
  const unfinished = new Map<string, string>();
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) {
    const [, thread = '', said = ''] = /^(\d+) +(.*)$/s.exec(line) ?? [];
    if (said.endsWith('<unfinished ...>')) {
      const begun = said.slice(0, -'<unfinished ...>'.length).trimEnd();
      unfinished.set(thread, begun);
      if (/^f(data)?sync\(/.test(begun)) calls.push({ kind: 'sync begins', path: pathOf(begun) });
      continue;
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/s.exec(said)?.[1];
    const whole = rest === undefined ? said : `${unfinished.get(thread) ?? ''}${rest}`;
    calls.push(...understand(whole, rest !== undefined));
  }
  return calls;
}

function understand(text: string, wasBegun: boolean): Call[] {
  const name = /^(\w+)\(/.exec(text)?.[1];
  const result = Number(/ = (-?\d+)/.exec(text.slice(text.lastIndexOf(' = ')))?.[1] ?? -1);
  if (name === undefined || result < 0) return [];
  const path = pathOf(text);
  const named = quoted(text).map(bytes => Buffer.from(bytes).toString());
  switch (name) {
    case 'open':
    case 'creat':
    case 'openat':
      if (!/O_CREAT/.test(text)) return [];
      return [{ kind: 'create', path: named[0] ?? '', truncate: text.includes('O_TRUNC') }];
    case 'fsync':
    case 'fdatasync':
      return wasBegun
        ? [{ kind: 'sync', path }]
        : [
            { kind: 'sync begins', path },
            { kind: 'sync', path },
          ];
    case 'ftruncate':
      return [{ kind: 'truncate', path, size: lastNumber(text) }];
    case 'rename':
    case 'renameat':
    case 'renameat2':
      return [{ kind: 'rename', path: named[0] ?? '', to: named[1] ?? '' }];
    case 'unlink':
    case 'unlinkat':
      return [{ kind: 'unlink', path: named[0] ?? '' }];
    case 'mkdir':
    case 'mkdirat':
      return [{ kind: 'mkdir', path: named[0] ?? '' }];
    default:
      return written(name, text, path, result);
  }
}

function written(name: string, text: string, path: string, result: number): Call[] {
  const data = Buffer.concat(quoted(text));
  if (path.startsWith('socket:') || name === 'sendmsg' || name === 'sendto')
    return [{ kind: 'said', text: data.toString('latin1') }];
  if (!path.startsWith('/')) return [];
  const offset = name.startsWith('pwrite') ? lastNumber(text) : undefined;
  return [{ kind: 'write', path, offset, data: data.subarray(0, result) }];
}

/** The file behind the descriptor that is the first argument. */
function pathOf(text: string): string {
  const [, path = ''] = /^\w+\(\d+<([^>]*)>/.exec(text) ?? [];
  return path === '' ? '' : unhex(path).toString();
}

function quoted(text: string): Uint8Array[] {
  // Strings hold nothing but \xNN, so no quotation mark can be inside one.
  return text
    .split('"')
    .filter((_, at) => at % 2 === 1)
    .map(unhex);
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}

/** The last argument of a call. */
function lastNumber(text: string): number {
  return Number(/, (\d+)\)\s+= /.exec(text.slice(-60))?.[1]);
}
