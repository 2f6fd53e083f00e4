import type { Roster } from '../../cluster/boards/roster.ts';
import type { Admissions } from '../../cluster/joining/admissions.ts';
import type { BoardIdentity } from '../../cluster/joining/board-folder.ts';
import type { HandedSettings } from '../../cluster/joining/handed-settings.ts';
import type { Endpoint } from '../endpoint.ts';
import { handSettings } from './hand-settings.ts';
import { joinBoard } from './join-board.ts';
import { reportBoard } from './report-board.ts';

/** What boards ask of each other's processes, on a listener of its own. */
export function clusterRoutes(
  roster: Roster,
  admissions: Admissions,
  identity: BoardIdentity,
  settings: () => Promise<HandedSettings>,
): Endpoint[] {
  return [joinBoard(admissions, identity), reportBoard(roster), handSettings(settings)];
}
