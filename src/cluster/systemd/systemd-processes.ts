import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { writeDurably } from '../../base/write-durably.ts';
import type { Launch } from '../agent/launch.ts';
import type { ProcessHost, Sighting } from '../agent/process-host.ts';
import { parseUnits, type UnitState } from './parse-units.ts';
import { memoryMax } from './units.ts';

export interface SystemdProcessesParts {
  readonly clock: Clock;
  /** `systemctl` with these words; gives what it printed. Rejects with what went wrong. */
  readonly systemctl: (words: readonly string[]) => Promise<string>;
  /** Where the units look for the files of their environment. */
  readonly folder: string;
}

/** systemd is asked this often, and at once after something was done. */
const ASK_MS = 2000;
const WORDS = /^COPSE_WORDS="(.*)"$/m;

/** Processes as units `copse-process@NAME.service`: they go on, and are started again, whether there is an agent or not. */
export class SystemdProcesses implements ProcessHost {
  readonly kind = 'systemd';
  readonly #parts: SystemdProcessesParts;
  #seen: ReadonlyMap<string, Sighting> = new Map();
  #askAt = Number.NEGATIVE_INFINITY;

  constructor(parts: SystemdProcessesParts) {
    this.#parts = parts;
    mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
  }

  async look(): Promise<ReadonlyMap<string, Sighting>> {
    const now = this.#parts.clock.monotonic();
    if (now < this.#askAt) return this.#seen;
    const properties = 'Id,ActiveState,SubState,Result,MainPID,NRestarts,ExecMainStatus';
    const units = parseUnits(await this.#parts.systemctl(['show', `--property=${properties}`, unitOf('*')]));
    this.#seen = new Map(units.flatMap(unit => this.#sighting(unit)));
    this.#askAt = now + ASK_MS;
    return this.#seen;
  }

  async start({ name, words, memory }: Launch): Promise<void> {
    writeDurably(this.#file(name), environmentText(words));
    if (memory !== undefined)
      await this.#systemctl('set-property', '--runtime', unitOf(name), `MemoryMax=${memoryMax(memory)}`);
    await this.#systemctl('start', '--no-block', unitOf(name));
  }

  async end(name: string, isForced: boolean): Promise<void> {
    if (isForced) await this.#systemctl('kill', '--signal=SIGKILL', unitOf(name));
    else await this.#systemctl('stop', '--no-block', unitOf(name));
  }

  forget(name: string): void {
    rmSync(this.#file(name), { force: true });
    this.#seen = new Map([...this.#seen].filter(([other]) => other !== name));
  }

  async #systemctl(...words: string[]): Promise<void> {
    this.#askAt = Number.NEGATIVE_INFINITY;
    await this.#parts.systemctl(words);
  }

  /** A unit that has no file any more is one that was forgotten. */
  #sighting(unit: UnitState): [string, Sighting][] {
    const words = wordsIn(this.#file(unit.name));
    if (words === undefined) return unit.state === 'ended' ? [] : [[unit.name, { ...sightingOf(unit), words: [] }]];
    return [[unit.name, { ...sightingOf(unit), words }]];
  }

  #file(name: string): string {
    return join(this.#parts.folder, `${name}.env`);
  }
}

function sightingOf({ state, pid, result, code, restarts }: UnitState): Omit<Sighting, 'words'> {
  const end = `systemd says ${result}${code === 0 ? '' : `, code ${code}`}: journalctl shows what it wrote.`;
  return { state, pid, restarts, ...(state === 'running' ? {} : { end, code }) };
}

function unitOf(name: string): string {
  return `copse-process@${name}.service`;
}

/** systemd splits the words at spaces, and takes quotes and backslashes in them as a shell does (systemd.exec(5)). */
function environmentText(words: readonly string[]): string {
  const all = words.map(word => (/^[\w./:,@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
  const text = all.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '\\$').replaceAll('`', '\\`');
  return `COPSE_WORDS="${text}"\nCOPSE_ON_BOARD=1\n# ${JSON.stringify(words)}\n`;
}

/** The words that the file was made of stand in its last line. */
function wordsIn(file: string): string[] | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return WORDS.test(text) ? (JSON.parse(text.slice(text.lastIndexOf('\n# ') + 3)) as string[]) : undefined;
  } catch {
    return undefined;
  }
}
