import type { Requester } from '../../../accounts/requester.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import type { TransactionKey } from '../../../rooms/send.ts';

const LONGEST = 255;

/**
 * The scope of a transaction ID is a device and the path of the endpoint (client-server API, "Transaction
 * identifiers"). `path`: the changing parts of the path.
 *
 * @throws MatrixError M_INVALID_PARAM
 */
export function transactionKey(user: Requester, txnId: string, ...path: string[]): TransactionKey {
  if (txnId.length > LONGEST) throw invalidParam(`A transaction ID has at most ${LONGEST} characters.`);
  const scope = path.map(encodeURIComponent).join('/');
  return { userNid: user.userNid, deviceId: user.deviceId ?? '', scope, txnId };
}
