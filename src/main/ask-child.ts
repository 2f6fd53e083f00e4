import { execFile } from 'node:child_process';
import { join } from 'node:path';

const LARGEST = 16 * 2 ** 20;

/**
 * What a program of ours prints that is read as JSON: for what has to be loaded once, and would stay in the memory of a process that
 * stays. `program`: its name beside this file, translated or as it was written. `args`: its one argument, as JSON.
 * @throws with what it said
 */
export function askChild(program: string, args: unknown): Promise<unknown> {
  const file = join(import.meta.dirname, `${program}${import.meta.filename.slice(-3)}`);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [file, JSON.stringify(args)], { maxBuffer: LARGEST }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout));
      else reject(new Error(stderr.trim() || error.message, { cause: error }));
    });
  });
}
