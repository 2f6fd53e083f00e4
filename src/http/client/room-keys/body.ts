import { Type } from '../../../base/schema.ts';

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** Data type KeyBackupData. */
export const SessionBody = Type.Object({
  first_message_index: Count,
  forwarded_count: Count,
  is_verified: Type.Boolean(),
  session_data: Type.Object({}),
});

/** Data type RoomKeyBackup. */
export const RoomBody = Type.Object({ sessions: Type.Record(Type.String(), SessionBody) });

export const RoomsBody = Type.Object({ rooms: Type.Record(Type.String(), RoomBody) });

export const AlgorithmName = Type.String({ minLength: 1, maxLength: 255 });

/** Clients upload a few hundred keys at once; importing ones send more. */
export const BULK_LIMIT = 16 * 1024 * 1024;
