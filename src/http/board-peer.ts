import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { BoardPeer } from '../cluster/boards/roster.ts';
import { boardNameOf, keyFingerprint } from '../cluster/joining/certificates.ts';
import { MatrixError } from '../core/matrix-error.ts';

/** The board that holds a connection, by its certificate. @throws MatrixError M_UNAUTHORIZED */
export function boardOf(socket: Socket): BoardPeer {
  const refused = new MatrixError('M_UNAUTHORIZED', 'Only boards of this cluster may ask for this: see copse join.');
  if (!(socket instanceof TLSSocket) || !socket.authorized) throw refused;
  const { raw } = socket.getPeerCertificate();
  const name = boardNameOf(raw);
  if (name === undefined) throw refused;
  return { name, fingerprint: keyFingerprint(raw) };
}
