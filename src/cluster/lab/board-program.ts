import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BoardHome } from '../agent/board-home.ts';
import type { Assignment } from '../boards/board.ts';
import { FIRST_PORT } from '../placement/budget.ts';
import { engineUrls } from './engines.ts';
import { LabError } from './lab-error.ts';
import type { LabFolder } from './lab-folder.ts';
import { boardsOf, connectionsOf, FRONT_PORT, LAB_SERVER, type LabPlan, type Machine, machinesOf } from './lab-plan.ts';
import type { CommandLine } from './run.ts';

/** So many boards have a front: with one alone nobody would reach the others when it dies. */
const FRONTS = 2;
/** What a board runs: an agent, and what that is told to run. */
export class BoardProgram {
  readonly #plan: LabPlan;
  readonly #folder: LabFolder;
  /** `./copse`, as an operator calls it. */
  readonly #copse: string;

  constructor(plan: LabPlan, folder: LabFolder, copse: string) {
    this.#plan = plan;
    this.#folder = folder;
    this.#copse = copse;
  }

  /** Puts the settings on the disk of the first board, and what is wanted of all boards into a file; gives its path. */
  prepare(first: Machine): string {
    const data = this.dataOf(first);
    mkdirSync(data, { recursive: true, mode: 0o700 });
    writeFileSync(join(data, 'copse.yaml'), `${JSON.stringify(this.#settings(), null, 2)}\n`);
    const wanted = join(this.#folder.path, 'cluster.yaml');
    const fronts = this.fronts.map(({ name }) => name);
    writeFileSync(wanted, `${JSON.stringify({ media_shared: true, fronts: { boards: fronts, program: 'nginx' } })}\n`);
    return wanted;
  }

  /** What makes the server, where the agent will have it later. */
  firstStart(first: Machine): CommandLine {
    return this.copse(first, 'up', '--host', first.address, '--port', String(FIRST_PORT));
  }

  /** What is started when the board gets power. */
  commands(board: Machine): readonly CommandLine[] {
    return [this.copse(board, 'agent')];
  }

  /** A command of Copse on a board. */
  copse(board: Machine, ...words: readonly string[]): CommandLine {
    return [this.#copse, ...words, '--data', this.dataOf(board)];
  }

  /** Makes a machine a board, with the line that `copse token` printed on another one. @throws LabError */
  join(board: Machine, line: string): CommandLine {
    const [, address, token] = /copse join (\S+) (\S+)/.exec(line) ?? [];
    if (address === undefined || token === undefined) throw new LabError(`copse token gave no token but: ${line}`);
    return this.copse(board, 'join', address, token);
  }

  /** Boards with a front. */
  get fronts(): readonly Machine[] {
    return boardsOf(this.#plan).slice(0, FRONTS);
  }

  /** What it was told to run last. */
  assignments(board: Machine): readonly Assignment[] {
    return new BoardHome(this.dataOf(board)).orders()?.assignments ?? [];
  }

  /** Everything that it is to run answers. */
  async isReady(board: Machine): Promise<boolean> {
    const told = this.assignments(board);
    const ports = told.length === 0 ? [FIRST_PORT] : told.flatMap(each => (each.kind === 'role' ? [each.port] : []));
    const urls = ports.map(port => `http://${board.address}:${port}/_copse/health`);
    if (told.some(({ kind }) => kind === 'front')) urls.push(throughFront(board));
    return allAnswer(urls);
  }

  /** Every board with a front passes on what comes. */
  frontsAnswer(): Promise<boolean> {
    return allAnswer(this.fronts.map(throughFront));
  }

  /** The data folder of a board. */
  dataOf(board: Machine): string {
    return join(this.#folder.of(board), 'data');
  }

  #settings(): Readonly<Record<string, unknown>> {
    const [database, bus] = machinesOf(this.#plan);
    if (database === undefined || bus === undefined) throw new Error('a lab has both');
    const urls = engineUrls(database, bus);
    const tls = join(this.#folder.path, 'tls');
    return {
      server_name: LAB_SERVER,
      ...this.#plan.settings,
      database: { url: urls.database, connections: connectionsOf(this.#plan) },
      cluster: { bus: urls.bus },
      trusted_proxies: [`${this.#plan.network}.0/24`],
      media: { folder: join(this.#folder.path, 'media') },
      front: {
        ...{ addresses: ['0.0.0.0'], plain_port: FRONT_PORT },
        ...{ certificate: join(tls, 'front.crt'), key: join(tls, 'front.key') },
      },
    };
  }
}

const PATIENCE_MS = 2000;

function throughFront({ address }: Machine): string {
  return `http://${address}:${FRONT_PORT}/_matrix/client/versions`;
}

async function allAnswer(urls: readonly string[]): Promise<boolean> {
  return (await Promise.all(urls.map(answers))).every(Boolean);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })).ok;
  } catch {
    return false;
  }
}
