import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { ConfigArgs } from '../config/load.ts';
import { FrontError } from '../front/front-error.ts';
import type { Route } from '../front/route.ts';

/** The program beside this file: translated, or as it was written. */
const PROGRAM = join(import.meta.dirname, `front-routes-main${import.meta.filename.slice(-3)}`);
const LARGEST = 16 * 2 ** 20;

/**
 * The paths that a server with these settings serves, found out by another process: for that the whole server is loaded, and
 * whoever stays has no use for it afterwards (30 MB). @throws FrontError
 */
export function routesFromChild({ config, data }: ConfigArgs): Promise<readonly Route[]> {
  const args = JSON.stringify({ config, data });
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [PROGRAM, args], { maxBuffer: LARGEST }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as Route[]);
      else reject(new FrontError(`The paths of the server cannot be told: ${stderr.trim() || error.message}`, error));
    });
  });
}
