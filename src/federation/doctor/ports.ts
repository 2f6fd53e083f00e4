import type { RoomId, ServerName } from '../../core/ids.ts';
import type { Done } from './report.ts';
import type { RepairKind } from './verdict.ts';

/** Does what can be done about a server; the lines say what came of it. */
export interface Repairs {
  repair(server: ServerName, kind: RepairKind, signal: AbortSignal): Promise<Done>;
  /** Takes the state of a room in as that server has it, where that is safe. */
  takeState(server: ServerName, roomId: RoomId, signal: AbortSignal): Promise<Done>;
}
