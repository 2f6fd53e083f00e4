import type { Boards } from '../../../administration/boards.ts';
import type { Endpoint } from '../../endpoint.ts';
import { changeBoard } from './change-board.ts';
import { inviteBoard } from './invite-board.ts';
import { listBoards } from './list-boards.ts';
import { removeBoard } from './remove-board.ts';

/** The boards of a cluster: for whoever owns the machine, since an invitation gives the server's keys away. */
export function boardRoutes(boards: Boards): Endpoint[] {
  return [listBoards(boards), changeBoard(boards), removeBoard(boards), inviteBoard(boards)];
}
