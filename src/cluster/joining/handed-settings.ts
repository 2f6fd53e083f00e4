import type { JoinAnswer } from './join-message.ts';

/** The settings of the server as one board hands them to another: `copse.yaml`, and the files that it names. */
export interface HandedSettings {
  /** How often they have changed, counted by the cluster; 1 for those with which it began. */
  readonly number: number;
  readonly files: JoinAnswer['files'];
}

/** Below the data folder, as `shared-settings.ts` names them, and nothing else: keys and secrets stay as they are. */
const NAME = /^(copse\.yaml|settings-files\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,190})$/;
const MOST_FILES = 200;

/** What is in an answer or a file; undefined where it is something else. By hand: agents have no schema. */
export function parseSettings(found: unknown): HandedSettings | undefined {
  const { number, files } = (found ?? {}) as Partial<Record<keyof HandedSettings, unknown>>;
  if (!Number.isSafeInteger(number) || (number as number) < 1) return undefined;
  if (!Array.isArray(files) || files.length > MOST_FILES || !files.every(isFile)) return undefined;
  return { number: number as number, files };
}

function isFile(found: unknown): found is HandedSettings['files'][number] {
  const { name, text } = (found ?? {}) as { readonly name?: unknown; readonly text?: unknown };
  return typeof name === 'string' && NAME.test(name) && typeof text === 'string';
}
