import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { writeDurably } from '../base/write-durably.ts';
import { FrontError } from './front-error.ts';
import { haproxyChanges, type RuntimeCommand } from './haproxy-changes.ts';

/** A command and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

export interface FrontProgram {
  /** Succeeds when the configuration is good. */
  readonly check: CommandLine;
  readonly reload: CommandLine;
  /** HAProxy's admin socket: changes of the processes go there, without a reload. */
  readonly socket?: string;
}

/** What was done: nothing, since the text is the same; a reload; changes while it runs; or it was started. */
export type Installed = 'unchanged' | 'reloaded' | 'told' | 'started';

const PATIENCE_MS = 30_000;
const run = promisify(execFile);

/**
 * Puts a configuration in place and has it taken up, if it is another than before. When the program refuses it, the one of
 * before is put back. @throws FrontError with what the program said
 */
export async function installText(file: string, text: string, program: FrontProgram): Promise<Installed> {
  const before = textOf(file);
  if (before === text) return 'unchanged';
  write(file, text);
  try {
    await command(program.check);
    return await takeUp(before, text, program);
  } catch (error) {
    if (before === undefined) rmSync(file);
    else write(file, before);
    throw error;
  }
}

/** Has a configuration that is in place taken up again: it may have been changed and never read. @throws FrontError */
export async function takeUpAgain({ check, reload }: FrontProgram): Promise<void> {
  await command(check);
  await command(reload);
}

async function takeUp(before: string | undefined, text: string, { reload, socket }: FrontProgram): Promise<Installed> {
  const changes = before === undefined || socket === undefined ? undefined : haproxyChanges(before, text);
  if (socket !== undefined && changes !== undefined && (await tell(socket, changes))) return 'told';
  await command(reload);
  return 'reloaded';
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new FrontError(`${file} cannot be read: ${(error as Error).message}`, error);
  }
}

function write(file: string, text: string): void {
  try {
    writeDurably(file, text);
  } catch (error) {
    throw new FrontError(`${file} cannot be written: ${(error as Error).message}`, error);
  }
}

/** @throws FrontError */
async function command([program, ...args]: CommandLine): Promise<void> {
  try {
    await run(program, args, { timeout: PATIENCE_MS });
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    const said = (stderr ?? '').trim();
    throw new FrontError(`\`${[program, ...args].join(' ')}\` failed: ${said === '' ? message : said}`, error);
  }
}

/** Whether all commands were taken. What is refused, or nobody there to hear it, means that a reload is needed. */
async function tell(socket: string, commands: readonly RuntimeCommand[]): Promise<boolean> {
  for (const { line, isTidy } of commands) {
    const answer = await ask(socket, line).catch(() => undefined);
    if (answer === undefined || (!isTidy && !isGood(answer))) return false;
  }
  return true;
}

function isGood(answer: string): boolean {
  return /^$|^New server registered|changed from|no need to change/.test(answer);
}

/** One line to the admin socket, and what it says to that. */
function ask(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ path, signal: AbortSignal.timeout(PATIENCE_MS) }, () => socket.write(`${line}\n`));
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.once('error', reject).once('end', () => resolve(answer.trim()));
  });
}
