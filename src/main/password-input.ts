import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { randomToken, systemRandom } from '../base/random.ts';
import type { PasswordSource } from '../cli/admin-server.ts';

const RANDOM_BYTES = 15;

/** The password cannot be had: the message says why. */
export class PasswordInputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PasswordInputError';
  }
}

/** A new password from where a command says. @throws PasswordInputError */
export async function newPassword(source: PasswordSource): Promise<string> {
  if (source === 'random') return randomToken(systemRandom, RANDOM_BYTES);
  if (source === 'stdin') return readPasswordLine(process.stdin);
  if (process.stdin.isTTY !== true)
    throw new PasswordInputError(
      'There is nobody to ask for a password. Give it with --password-stdin, or use --random.',
    );
  return askPassword(process.stdin, process.stdout);
}

/** The first line of a stream. @throws PasswordInputError when there is none */
export async function readPasswordLine(input: Readable): Promise<string> {
  for await (const line of createInterface({ input })) {
    if (line !== '') return line;
    break;
  }
  throw new PasswordInputError('Standard input has no password in its first line.');
}

/** Asks twice on the terminal, without showing what is typed. @throws PasswordInputError */
export async function askPassword(input: NodeJS.ReadStream, output: Writable): Promise<string> {
  const first = await askHidden(input, output, 'Password: ');
  const second = await askHidden(input, output, 'Again: ');
  if (first !== second) throw new PasswordInputError('The two were not the same. Nothing was changed.');
  return first;
}

const ENDS = ['\r', '\n', '\u0004'];
const INTERRUPT = '\u0003';
const ERASE = ['\u007f', '\b'];

function askHidden(input: NodeJS.ReadStream, output: Writable, question: string): Promise<string> {
  output.write(question);
  input.setRawMode(true);
  input.setEncoding('utf8');
  input.resume();
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = () => {
      input.off('data', take);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
    };
    // A paste arrives as one chunk of several characters.
    const take = (chunk: string) => {
      for (const character of chunk) {
        if (character === INTERRUPT) {
          finish();
          reject(new PasswordInputError('Interrupted. Nothing was changed.'));
          return;
        }
        if (ENDS.includes(character)) {
          finish();
          resolve(typed);
          return;
        }
        typed = ERASE.includes(character) ? typed.slice(0, -1) : typed + character;
      }
    };
    input.on('data', take);
  });
}
