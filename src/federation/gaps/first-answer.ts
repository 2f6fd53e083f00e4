import { type Clock, sleep } from '../../base/clock.ts';
import type { ServerName } from '../../core/ids.ts';
import { UnreachableError } from '../transport/errors.ts';
import type { PeerChoice } from './peer-choice.ts';
import { isOfPeer } from './peer-error.ts';

export interface FirstAnswer<T> {
  readonly server: ServerName;
  readonly answer: T;
}

type Outcome<T> = FirstAnswer<T> | { readonly error: unknown } | undefined;

/** A server that has not answered for so long keeps nobody from asking the next. */
const PATIENCE_MS = 5000;

/**
 * Asks servers one after the other until one gives what is wanted; `ask` answers undefined for what is not. One that
 * takes long is not waited for: the first answer of use counts.
 */
export async function firstAnswer<T>(
  servers: readonly ServerName[],
  ask: (server: ServerName) => Promise<T | undefined>,
  { clock, choice }: { readonly clock: Clock; readonly choice: PeerChoice },
): Promise<FirstAnswer<T> | undefined> {
  const running: Promise<Outcome<T>>[] = [];
  for (const server of servers) {
    running.push(askOne(server, ask, choice));
    const answered = new AbortController();
    const found = await Promise.race([anyOf(running), sleep(clock, PATIENCE_MS, answered.signal)]);
    answered.abort();
    if (found) return given(found);
  }
  return given(await anyOf(running));
}

/** Never rejects, since nobody may be there any more to catch it. */
async function askOne<T>(
  server: ServerName,
  ask: (server: ServerName) => Promise<T | undefined>,
  choice: PeerChoice,
): Promise<Outcome<T>> {
  try {
    const answer = await ask(server);
    choice.answered(server);
    return answer === undefined ? undefined : { server, answer };
  } catch (error) {
    if (!isOfPeer(error)) return { error };
    if (error instanceof UnreachableError) choice.failed(server);
    return undefined;
  }
}

function given<T>(outcome: Outcome<T>): FirstAnswer<T> | undefined {
  if (outcome !== undefined && 'error' in outcome) throw outcome.error;
  return outcome;
}

/** The first that is something; undefined once all are nothing. */
function anyOf<T>(running: readonly Promise<T | undefined>[]): Promise<T | undefined> {
  return new Promise(resolve => {
    let left = running.length;
    const settle = (value: T | undefined) => {
      if (value !== undefined) resolve(value);
      else if (--left === 0) resolve(undefined);
    };
    if (left === 0) resolve(undefined);
    for (const each of running) void each.then(settle);
  });
}
