import { addressGuard } from '../base/address-guard.ts';
import type { PushTransport } from '../push/ports.ts';
import { exchange, plainAgents } from './http-exchange.ts';

/** What of an answer is read, in bytes. */
const MOST_ANSWER = 65_536;

/** Posts to push gateways; those at private addresses only where these are allowed. */
export function pushTransport(allowed: readonly string[]): PushTransport {
  const guard = addressGuard(allowed);
  const agents = plainAgents();
  return {
    async send(url, body, signal) {
      const target = new URL(url);
      guard.requireAllowed(target.hostname);
      return exchange(
        target,
        { method: 'POST', body, mostAnswer: MOST_ANSWER },
        { signal, lookup: guard.lookup },
        agents,
      );
    },
  };
}
