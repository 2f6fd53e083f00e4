import type { Clock } from '../base/clock.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { type AppserviceClient, NoAnswerError } from './appservice-client.ts';
import type { AppserviceAnswer } from './ports.ts';

/** What of a wrong answer is shown, in characters. */
const MOST_SHOWN = 2000;

/**
 * Asks an application service whether it is reached (application service API, `POST /ping`). Answers how long that took,
 * in milliseconds.
 *
 * @throws MatrixError M_URL_NOT_SET, M_BAD_STATUS, M_CONNECTION_FAILED, M_CONNECTION_TIMEOUT
 */
export async function ping(
  client: AppserviceClient | undefined,
  clock: Clock,
  transactionId: string | undefined,
): Promise<number> {
  if (client === undefined) throw new MatrixError('M_URL_NOT_SET', 'The application service has no address.');
  const began = clock.monotonic();
  const body = JSON.stringify(transactionId === undefined ? {} : { transaction_id: transactionId });
  const { status, body: text } = await answerOf(client.call('POST', 'ping', body));
  if (status !== 200) {
    const fields = { status, body: text.slice(0, MOST_SHOWN) };
    throw new MatrixError('M_BAD_STATUS', `The application service answered ${status}.`, { status: 502, fields });
  }
  return Math.round(clock.monotonic() - began);
}

async function answerOf(answer: Promise<AppserviceAnswer>): Promise<AppserviceAnswer> {
  try {
    return await answer;
  } catch (error) {
    const { message } = error as Error;
    const errcode = error instanceof NoAnswerError ? 'M_CONNECTION_TIMEOUT' : 'M_CONNECTION_FAILED';
    throw new MatrixError(errcode, `The application service is not reached: ${message}.`, { cause: error });
  }
}
