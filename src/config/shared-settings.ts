import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import { readEnvironment } from './environment.ts';
import { type ConfigArgs, findSource, type Given, givenSettings } from './load.ts';

const yaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml');

/** A file of a data folder, by its name below it. */
export interface SharedFile {
  readonly name: string;
  readonly text: string;
}

/** `file`: as they are written; `all`: with what the command line of this process says besides. */
export type SettingsSource = 'file' | 'all';

/** What is each board's own: where it listens, what it does, how much it may use. */
const OWN: readonly (readonly string[])[] = [
  ['data_dir'],
  ['listen'],
  ['memory'],
  ['cluster', 'process'],
  ['cluster', 'roles'],
];

/** Files that the settings name, and that processes on every board read. */
const FILES: readonly (readonly string[])[] = [
  ['appservices'],
  ['tls', 'extra_ca'],
  ['cluster', 'bus_certificate'],
  ['cluster', 'bus_key'],
];

/**
 * The settings as another board needs them: `copse.yaml`, and beside it the files that it names. They are read anew, so
 * that a board that joins later gets what stands there then.
 *
 * @throws ConfigError, or what the file system throws for a file that cannot be read
 */
export function sharedSettings(args: ConfigArgs, environment = readEnvironment()): SharedFile[] {
  const data = resolve(args.data ?? environment.data ?? './copse-data');
  const source = findSource(args.config ?? environment.config, data);
  const folder = source === undefined ? process.cwd() : dirname(source.file);
  const given = givenSettings(args, source);
  for (const path of OWN) remove(given, path);
  const files: SharedFile[] = [];
  const take = (path: string) => {
    const name = `settings-files/${files.length + 1}-${basename(path).replaceAll(/[^A-Za-z0-9_.-]/g, '_')}`;
    files.push({ name, text: readFileSync(resolve(folder, path), 'utf8') });
    return name;
  };
  for (const path of FILES)
    replace(given, path, value => (Array.isArray(value) ? value.map(take) : take(String(value))));
  const head = '# Written when this board joined: the settings of the server.\n';
  return [...files, { name: 'copse.yaml', text: `${head}${yaml().stringify(given)}` }];
}

function remove(settings: Given, path: readonly string[]): void {
  const section = sectionOf(settings, path);
  if (section !== undefined) delete section[path.at(-1) ?? ''];
}

function replace(settings: Given, path: readonly string[], by: (value: unknown) => unknown): void {
  const section = sectionOf(settings, path);
  const key = path.at(-1) ?? '';
  if (section?.[key] !== undefined) section[key] = by(section[key]);
}

function sectionOf(settings: Given, path: readonly string[]): Given | undefined {
  let at: unknown = settings;
  for (const key of path.slice(0, -1)) at = (at as Given | null | undefined)?.[key];
  return typeof at === 'object' && at !== null ? (at as Given) : undefined;
}
