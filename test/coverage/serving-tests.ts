import { readSources } from '../support/sources.ts';

const SERVER = 'src/http/server.ts';

/** The tests beside the code that can call an endpoint at all: those that import the server, by however many steps. */
export function servingTests(): string[] {
  const sources = [...readSources('src/**/*.ts'), ...readSources('test/**/*.ts')];
  const imports = new Map(sources.map(source => [source.file, source.imports]));
  const known = new Map<string, boolean>([[SERVER, true]]);
  const reaches = (file: string): boolean => {
    const before = known.get(file);
    if (before !== undefined) return before;
    // Circles lead nowhere new.
    known.set(file, false);
    const found = (imports.get(file) ?? []).some(reaches);
    known.set(file, found);
    return found;
  };
  return sources
    .map(source => source.file)
    .filter(file => file.startsWith('src/') && file.endsWith('.test.ts') && reaches(file));
}
