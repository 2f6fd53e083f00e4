import type { Admissions } from '../../cluster/joining/admissions.ts';
import type { BoardIdentity } from '../../cluster/joining/board-folder.ts';
import { JOIN_PATH, JoinRequestSchema } from '../../cluster/joining/join-message.ts';
import { endpoint } from '../endpoint.ts';

/** Ours: a machine with an invitation becomes a board of this server. */
export const joinBoard = (admissions: Admissions, identity: BoardIdentity) =>
  endpoint({
    method: 'POST',
    path: JOIN_PATH,
    auth: 'none',
    body: JoinRequestSchema,
    bodyLimit: 32_768,
    handle: ({ body }) => admissions.admit(identity, body),
  });
