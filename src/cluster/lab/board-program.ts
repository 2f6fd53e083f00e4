import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineUrls } from './engines.ts';
import type { LabFolder } from './lab-folder.ts';
import { boardsOf, FRONT_PORT, type LabPlan, type Machine, machinesOf } from './lab-plan.ts';
import type { CommandLine } from './run.ts';

/** How this very program is started. */
export type CopseCommand = CommandLine;

export const LAB_SERVER = 'copse.lab';
const CLIENT_PORT = 8008;
/** So many boards have a front: with one alone nobody would reach the others when it dies. */
const FRONTS = 2;

/** What a board runs: a process of the server, and on the first one nginx in front of all of them. */
export class BoardProgram {
  readonly #plan: LabPlan;
  readonly #folder: LabFolder;
  readonly #copse: CopseCommand;

  constructor(plan: LabPlan, folder: LabFolder, copse: CopseCommand) {
    this.#plan = plan;
    this.#folder = folder;
    this.#copse = copse;
  }

  /** Puts on the disk of the first board what makes it the first one. */
  found(board: Machine): void {
    this.#writeSettings(board);
  }

  /** Puts on the disk of a further board what makes it one of the server. */
  join(board: Machine, first: Machine): void {
    this.#writeSettings(board);
    for (const file of ['server-name', 'signing.key', 'secrets.json'])
      cpSync(join(this.dataOf(first), file), join(this.dataOf(board), file));
  }

  /** What is started when the board gets power. */
  commands(board: Machine): readonly CommandLine[] {
    const data = this.dataOf(board);
    const own: CommandLine = [...this.#copse, 'up', '--data', data];
    if (!this.hasFront(board)) return [own];
    const file = join(this.#folder.of(board), 'nginx.conf');
    // What it says is made anew, so that nginx is started by the first one.
    rmSync(file, { force: true });
    const start = `nginx -s reload -c ${file} 2>/dev/null || nginx -c ${file}`;
    const follow = ['--whole', '--install', file, '--follow', '--reload', start];
    return [own, [...this.#copse, 'front', 'nginx', '--data', data, ...follow]];
  }

  hasFront(board: Machine): boolean {
    return boardsOf(this.#plan).findIndex(({ name }) => name === board.name) < FRONTS;
  }

  async isReady({ address }: Machine): Promise<boolean> {
    return answers(`http://${address}:${CLIENT_PORT}/_copse/health`);
  }

  async isFrontReady({ address }: Machine): Promise<boolean> {
    return answers(`http://${address}:${FRONT_PORT}/_matrix/client/versions`);
  }

  /** The data folder of a board. */
  dataOf(board: Machine): string {
    return join(this.#folder.of(board), 'data');
  }

  #writeSettings(board: Machine): void {
    const [database, bus] = machinesOf(this.#plan);
    if (database === undefined || bus === undefined) throw new Error('a lab has both');
    const urls = engineUrls(database, bus);
    const tls = join(this.#folder.path, 'tls');
    const settings = {
      server_name: LAB_SERVER,
      ...this.#plan.settings,
      database: { url: urls.database },
      cluster: { bus: urls.bus, process: board.name },
      listen: { client: { host: board.address, port: CLIENT_PORT } },
      trusted_proxies: [`${this.#plan.network}.0/24`],
      media: { folder: join(this.#folder.path, 'media') },
      front: {
        ...{ addresses: ['0.0.0.0'], plain_port: FRONT_PORT },
        ...{ certificate: join(tls, 'front.crt'), key: join(tls, 'front.key') },
      },
    };
    mkdirSync(this.dataOf(board), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.dataOf(board), 'copse.yaml'), `${JSON.stringify(settings, null, 2)}\n`);
  }
}

const PATIENCE_MS = 2000;

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })).ok;
  } catch {
    return false;
  }
}
