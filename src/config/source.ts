import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Document, Node } from 'yaml';
import { ConfigError } from './problems.ts';

/** Loaded at the first use: a server without a configuration file saves 2 MB. */
const yaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml');

type Path = readonly (string | number)[];

/** A configuration file: its values, and where in the file each of them stands. */
export interface ConfigSource {
  readonly file: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** The line of the value at `path`, of its key when `onKey`; of the nearest thing around it when it is not there. */
  lineOf(path: Path, onKey: boolean): number;
}

/** What a file is called in messages, and what to do about one that is not as it should be. */
export interface FileKind {
  readonly what: string;
  readonly remedy: string;
}

const SETTINGS: FileKind = {
  what: 'The configuration file',
  remedy: 'Write `key: value` lines, indented with spaces; copse.example.yaml shows every key.',
};

/** Reads a YAML file. @throws ConfigError when it cannot be read or is no YAML */
export function readSource(file: string, { what, remedy }: FileKind = SETTINGS): ConfigSource {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(readText(file, what), { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(error => ({
        where: `${file}:${lines.linePos(error.pos[0]).line}`,
        reason: `This is not YAML: ${error.message}`,
        remedy,
      })),
    );
  }
  const values = valuesOf(document, file, remedy) ?? {};
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new ConfigError([{ where: `${file}:1`, reason: 'The file must hold a group of keys.', remedy }]);
  }
  const lineOf = (path: Path, onKey: boolean) => lines.linePos(offsetOf(document.contents, path, onKey)).line;
  return { file, values: values as Record<string, unknown>, lineOf };
}

/** Names of values (`*name`) are followed only here. @throws ConfigError for one that stands for nothing, or for too much */
function valuesOf(document: Document, file: string, remedy: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new ConfigError([{ where: file, reason: `This is not YAML: ${(error as Error).message}.`, remedy }]);
  }
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = `${what} cannot be read: ${(error as Error).message}.`;
    throw new ConfigError([{ where: file, reason, remedy: 'Check the path and who may read the file.' }]);
  }
}

function offsetOf(root: Node | null, path: Path, onKey: boolean): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const [at, part] of path.entries()) {
    const next = childOf(node, part);
    if (next === undefined) return offset;
    node = next.value;
    const useKey = (onKey && at === path.length - 1) || !hasRange(next.value);
    offset = startOf(useKey ? next.key : next.value) ?? offset;
  }
  return offset;
}

function childOf(node: unknown, part: string | number): { key: unknown; value: unknown } | undefined {
  const { isMap, isScalar, isSeq } = yaml();
  if (isSeq(node) && typeof part === 'number') return { key: node.items[part], value: node.items[part] };
  if (!isMap(node)) return undefined;
  return node.items.find(pair => isScalar(pair.key) && String(pair.key.value) === String(part));
}

function hasRange(node: unknown): boolean {
  return startOf(node) !== undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as Partial<Node> | null)?.range?.[0];
}
