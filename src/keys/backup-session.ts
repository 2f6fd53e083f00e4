import { fits } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { invalidParam, MatrixError } from '../core/matrix-error.ts';
import { utf8Length } from '../core/utf8.ts';
import type { SessionRow } from './backup.table.ts';
import type { SessionRank } from './backup-rule.ts';

/** The encrypted key of one session; real ones have about 500 bytes. */
const MAX_SESSION_BYTES = 64 * 1024;

/** Key data of one session (data type KeyBackupData). */
export interface BackupSession {
  readonly first_message_index: number;
  readonly forwarded_count: number;
  readonly is_verified: boolean;
  readonly session_data: JsonObject;
}

/** By room and session. */
export type BackupRooms = {
  readonly [roomId: string]: { readonly sessions: { readonly [id: string]: BackupSession } };
};

/** The rows of one room. @throws MatrixError M_INVALID_PARAM, M_TOO_LARGE */
export function rowsOfRoom(roomId: string, sessions: { readonly [id: string]: BackupSession }): SessionRow[] {
  return Object.entries(sessions).map(([sessionId, session]) => {
    if (!fits(roomId) || !fits(sessionId)) throw invalidParam('Room and session IDs have at most 255 bytes.');
    const session_data = JSON.stringify(session.session_data);
    if (utf8Length(session_data) > MAX_SESSION_BYTES) {
      throw new MatrixError('M_TOO_LARGE', `The data of a session is larger than ${MAX_SESSION_BYTES} bytes.`);
    }
    return {
      room_id: roomId,
      session_id: sessionId,
      first_message_index: session.first_message_index,
      forwarded_count: session.forwarded_count,
      is_verified: session.is_verified ? 1 : 0,
      session_data,
    };
  });
}

export function rankOf(row: SessionRow): SessionRank {
  return {
    isVerified: row.is_verified === 1,
    firstMessageIndex: row.first_message_index,
    forwardedCount: row.forwarded_count,
  };
}

/** The JSON text of a stored session. */
export function sessionText(row: SessionRow): string {
  const head = { first_message_index: row.first_message_index, forwarded_count: row.forwarded_count };
  const verified = row.is_verified === 1;
  return `${JSON.stringify({ ...head, is_verified: verified }).slice(0, -1)},"session_data":${row.session_data}}`;
}
