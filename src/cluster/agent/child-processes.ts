import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch } from './launch.ts';
import { OutputPipe } from './output-pipe.ts';
import { type ProcessStat, readStat, sessionLeaders } from './proc-files.ts';
import type { ProcessHost, Sighting } from './process-host.ts';

export interface ChildProcessesParts {
  /** The program, and words before those of the launch. */
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For what the processes write: one of this agent alone, by which it knows them again. */
  readonly folder: string;
  /** A line that a process wrote. */
  readonly onLine: (name: string, line: string) => void;
}

/** Letters; a report has 500 for the reason. */
const LAST_WORDS = 300;

interface Child {
  readonly words: readonly string[];
  readonly pid: number;
  readonly output: OutputPipe;
  /** Undefined for one that another agent started: it is looked for in /proc. */
  readonly startedAt: number | undefined;
  end: { readonly text: string; readonly code?: number } | undefined;
  /** The end of what it wrote: often why it ended. */
  lastWords: string;
}

/**
 * The board whose a process is, its name and its words, in its environment: the kernel keeps them for as long as it lives,
 * and nothing is ever stale (docs/decisions/0131).
 */
const MARK = { folder: 'COPSE_AGENT_FOLDER', name: 'COPSE_AGENT_PROCESS', words: 'COPSE_AGENT_WORDS' } as const;

/** Processes as children of the agent. They outlive it, and the next agent takes them over. */
export class ChildProcesses implements ProcessHost {
  readonly kind = 'child';
  readonly #parts: ChildProcessesParts;
  readonly #children = new Map<string, Child>();

  constructor(parts: ChildProcessesParts) {
    this.#parts = parts;
    mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
    for (const { variables, ...stat } of sessionLeaders())
      if (variables.get(MARK.folder) === parts.folder) this.#adopt(variables, stat);
  }

  async look(): Promise<ReadonlyMap<string, Sighting>> {
    return new Map([...this.#children].map(([name, child]) => [name, this.#sighting(child)]));
  }

  async start({ name, words }: Launch): Promise<void> {
    const [program, ...before] = this.#parts.command;
    const { folder, environment } = this.#parts;
    const output = this.#output(name);
    using writer = output.writer();
    const child = spawn(program, [...before, ...words], {
      // A session of its own: Ctrl+C at the agent is not meant for it, and all that it starts can be ended with it.
      detached: true,
      stdio: ['ignore', writer.descriptor, writer.descriptor],
      env: { ...environment, [MARK.folder]: folder, [MARK.name]: name, [MARK.words]: words.join('\n') },
    });
    child.unref();
    try {
      await started(child);
    } catch (error) {
      output[Symbol.dispose]();
      throw error;
    }
    const entry: Child = {
      words,
      pid: child.pid as number,
      output,
      startedAt: undefined,
      end: undefined,
      lastWords: '',
    };
    child.once('exit', (code, signal) => {
      const text = signal === null ? `It ended with code ${code}.` : `It was ended by ${signal}.`;
      entry.end = code === null ? { text } : { text, code };
    });
    this.#children.set(name, entry);
  }

  async end(name: string, isForced: boolean): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined || this.#sighting(child).state !== 'running') return;
    // What it started hears only of the end by force; in good order it ends its own.
    if (isForced) process.kill(-child.pid, 'SIGKILL');
    else process.kill(child.pid, 'SIGTERM');
  }

  forget(name: string): void {
    const child = this.#children.get(name);
    if (child === undefined || this.#sighting(child).state === 'running') return;
    child.output[Symbol.dispose]();
    this.#children.delete(name);
  }

  #adopt(variables: ReadonlyMap<string, string>, { pid, startedAt }: ProcessStat): void {
    const [name, words] = [variables.get(MARK.name), variables.get(MARK.words)];
    if (name === undefined || words === undefined) return;
    const output = this.#output(name);
    this.#children.set(name, { words: words.split('\n'), pid, output, startedAt, end: undefined, lastWords: '' });
  }

  #output(name: string): OutputPipe {
    this.#children.get(name)?.output[Symbol.dispose]();
    return new OutputPipe(join(this.#parts.folder, `${name}.out`), line => {
      const child = this.#children.get(name);
      if (child !== undefined) child.lastWords = `${child.lastWords}\n${line}`.trim().slice(-LAST_WORDS);
      this.#parts.onLine(name, line);
    });
  }

  #sighting(child: Child): Sighting {
    const { words, pid, startedAt } = child;
    if (startedAt !== undefined && child.end === undefined) {
      const stat = readStat(pid);
      if (stat?.startedAt !== startedAt || stat.state === 'Z') child.end = { text: 'It ended.' };
    }
    if (child.end === undefined) return { state: 'running', pid, words };
    const { code } = child.end;
    const end = code === 0 || child.lastWords === '' ? child.end.text : `${child.end.text} It said: ${child.lastWords}`;
    return { state: 'ended', pid: undefined, words, end, ...(code !== undefined && { code }) };
  }
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}
