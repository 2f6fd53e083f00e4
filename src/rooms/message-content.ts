import { getString, type JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';

/**
 * A message says of which kind it is and has a text, which clients show that do not know the kind (client-server API,
 * "Instant messaging", "Server behaviour").
 *
 * @throws MatrixError M_BAD_JSON
 */
export function checkMessageContent(type: string, content: JsonObject): void {
  if (type !== 'm.room.message') return;
  for (const key of ['msgtype', 'body']) {
    if (getString(content, key) === undefined) throw new MatrixError('M_BAD_JSON', `A message needs a textual ${key}.`);
  }
}
