import { MatrixError } from '../../core/matrix-error.ts';
import type { Database } from '../../db/database.ts';
import type { BoardIdentity } from '../joining/board-folder.ts';
import { keyFingerprint } from '../joining/certificates.ts';
import { databaseTime, type Moment } from '../process.table.ts';
import { allAssignments, settingsNumber } from './assignment.table.ts';
import {
  allBoards,
  type BoardChange,
  changeBoard,
  otherAddresses,
  putBoard,
  removeBoard,
  reportBoard,
} from './board.table.ts';
import type { Assignment, Board, BoardOrders, BoardReport } from './board.ts';
import { FIRST_SETTINGS, isTurnOf } from './settings-number.ts';

/** A board, as its certificate says. */
export interface BoardPeer {
  readonly name: string;
  /** Of its key: another one when it joined again. */
  readonly fingerprint: string;
}

export interface RosterParts {
  readonly db: Database;
  /** For tests: what time it is for all processes; else the database says. */
  readonly now?: () => Moment;
}

/** Its disk has the pictures and files so far, and the names of the server lead to it. */
const FOUNDERS_LABELS = ['front', 'media'];

/** One of so many others answers an agent; a thousand would be 18 kB each time. */
const MOST_ADDRESSES = 16;

/** The boards of the cluster, and what shall run on them. */
export class Roster {
  readonly #db: Database;
  readonly #now: () => Moment;

  constructor({ db, now = () => databaseTime(db) }: RosterParts) {
    this.#db = db;
    this.#now = now;
  }

  async list(): Promise<{ readonly boards: readonly Board[]; readonly assignments: readonly Assignment[] }> {
    return { boards: await allBoards(this.#db, this.#now()), assignments: await allAssignments(this.#db) };
  }

  /** The board that the cluster began with is on the list as long as nobody else is. */
  async admitFounder({ isFounder, name, address, board }: BoardIdentity): Promise<void> {
    if (!isFounder) return;
    await this.#db.tx(async tx => {
      if ((await allBoards(tx, this.#now())).length > 0) return;
      const fingerprint = keyFingerprint(board.certificate);
      await putBoard(tx, { name, address, labels: FOUNDERS_LABELS, fingerprint }, this.#now());
    });
  }

  /**
   * A board tells how it is, and is told what to do. @throws MatrixError M_FORBIDDEN for one that was removed, M_BAD_STATE
   * while nobody has decided yet: told of nothing, the board with which the cluster began would end what is to decide
   */
  async report(peer: BoardPeer, report: BoardReport): Promise<BoardOrders> {
    if (!(await this.#db.tx(tx => reportBoard(tx, peer, report, this.#now()))))
      throw new MatrixError('M_FORBIDDEN', `${peer.name} is no board of this cluster any more. It can join again.`);
    const assignments = await allAssignments(this.#db, peer.name);
    if (assignments.length === 0 && (await allAssignments(this.#db)).length === 0)
      throw new MatrixError('M_BAD_STATE', 'It is not decided yet what shall run where.', { status: 409 });
    const others = await otherAddresses(this.#db, peer.name, MOST_ADDRESSES, this.#now());
    const settings = await this.#settingsFor(peer, report);
    return { assignments, addresses: [report.address, ...others], ...(settings !== undefined && { settings }) };
  }

  /** Undefined for the first ones, with which each board came, and while it is the turn of others. */
  async #settingsFor({ name }: BoardPeer, { facts }: BoardReport): Promise<number | undefined> {
    const number = await settingsNumber(this.#db);
    if (number <= FIRST_SETTINGS) return undefined;
    if (facts.settings === number) return number;
    return isTurnOf(name, number, await allBoards(this.#db, this.#now())) ? number : undefined;
  }

  /** @throws MatrixError M_NOT_FOUND */
  async change(name: string, change: BoardChange): Promise<void> {
    if (!(await this.#db.tx(tx => changeBoard(tx, name, change)))) throw unknown(name);
  }

  /** Its certificate is worth nothing from then on. @throws MatrixError M_NOT_FOUND */
  async remove(name: string): Promise<void> {
    if (!(await this.#db.tx(tx => removeBoard(tx, name)))) throw unknown(name);
  }
}

function unknown(name: string): MatrixError {
  return new MatrixError('M_NOT_FOUND', `There is no board ${name}: copse node ls shows them.`);
}
