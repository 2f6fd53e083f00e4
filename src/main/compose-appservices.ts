import { Appservices } from '../appservice/appservices.ts';
import type { LaneParts } from '../appservice/lane.ts';
import type { Lanes } from '../appservice/lanes.ts';
import type { AppserviceTransport } from '../appservice/ports.ts';
import type { Registration } from '../appservice/registration.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { PRIVATE_RECEIPT_SUBJECT, type ReceiptRow } from '../rooms/receipts.table.ts';
import type { Presence } from '../sync/presence/presence.ts';
import type { Typing } from '../sync/typing.ts';
import { exchange, plainAgents } from './http-exchange.ts';

/** What of an answer is read, in bytes. */
const MOST_ANSWER = 2 ** 20;

/** `registrations`: those that the settings name. */
export function composeAppservices(
  registrations: readonly Registration[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Appservices {
  return new Appservices({ registrations, transport: appserviceTransport(), clock, log: log.child('appservices') });
}

/** The operator has written down where application services are: wherever that is, it is meant. */
function appserviceTransport(): AppserviceTransport {
  const agents = plainAgents();
  return {
    send: ({ method, url, token, body }, signal) => {
      const headers = { authorization: `Bearer ${token}` };
      return exchange(new URL(url), { method, body, headers, mostAnswer: MOST_ANSWER }, { signal }, agents);
    },
  };
}

export interface LanesInput extends LaneParts {
  readonly appservices: Appservices;
  readonly typing: Typing;
  /** Undefined where it is switched off. */
  readonly presence: Presence | undefined;
}

/** What tells application services what happens, and what passes. Disposing of it ends the latter. */
export function composeLanes({ appservices, typing, presence, ...parts }: LanesInput): Disposable & { lanes: Lanes } {
  const lanes = appservices.lanes({ ...parts, log: parts.log.child('appservices') });
  const listeners = new DisposableStack();
  listeners.use(typing.listen(roomNid => lanes.types(roomNid, typing.since(roomNid, undefined) ?? [])));
  listeners.use(
    parts.bus.subscribe(PRIVATE_RECEIPT_SUBJECT, text => lanes.readsInPrivate(JSON.parse(text) as ReceiptRow)),
  );
  if (presence !== undefined) {
    const contentOf = (userNid: number) => presence.contentOf(userNid);
    listeners.use(presence.listen(userNids => lanes.presenceChanged(userNids, contentOf)));
  }
  return { lanes, [Symbol.dispose]: () => listeners.dispose() };
}
