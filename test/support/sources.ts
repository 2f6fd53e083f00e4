import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** A source file with comments taken out, so that words in prose break no rule. */
export interface Source {
  /** From the root of the clone: `src/rooms/append.ts`. */
  readonly file: string;
  /** `rooms`; empty outside of src. */
  readonly part: string;
  readonly isTest: boolean;
  readonly lines: number;
  readonly code: string;
  /** Files of this project that it imports, types included. */
  readonly imports: readonly string[];
  /** Everything else it imports: packages and Node's own modules. */
  readonly packages: readonly string[];
}

const root = join(import.meta.dirname, '..', '..');
const IMPORT = /(?:^|[\s;}])(?:import|export)\s(?:[^'";]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;

export function readSources(pattern: string): Source[] {
  return globSync(pattern, { cwd: root }).sort().map(readSource);
}

function readSource(file: string): Source {
  const text = readFileSync(join(root, file), 'utf8');
  const code = withoutComments(text);
  const names = [...code.matchAll(IMPORT)].map(match => match[1] ?? match[2] ?? '');
  const own = names.filter(name => name.startsWith('.'));
  return {
    file,
    part: /^src\/([^/]+)\//.exec(file)?.[1] ?? '',
    isTest: file.startsWith('test/') || file.endsWith('.test.ts'),
    lines: text.split('\n').length - 1,
    code,
    imports: own.map(name => normalize(join(dirname(file), name))),
    packages: names.filter(name => !name.startsWith('.')),
  };
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** A way from a file back to itself, for each circle found. */
export function circles(sources: readonly Source[]): string[] {
  const byFile = new Map(sources.map(source => [source.file, source]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, way: readonly string[]) => {
    const at = way.indexOf(file);
    if (at >= 0) found.push([...way.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const next of byFile.get(file)?.imports ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const { file } of sources) visit(file, []);
  return found;
}
