import type { Clock } from '../../base/clock.ts';
import type { ServerName } from '../../core/ids.ts';
import { getObject, isObject, type JsonObject } from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import type { ServerAcl } from '../../core/server-acl.ts';
import { isOfPeer } from '../gaps/peer-error.ts';
import { reasonOf } from '../transport/errors.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import { type FrontFacts, FrontSchema, type OutsideFacts } from './facts.ts';
import { type FrontParts, gatherFront } from './gather/front.ts';

export const LOOK_PATH = '/_matrix/federation/v1/doctor/look';
/** For whoever asks: a look costs some forty requests. */
const EVERY_MS = 60_000;
/** Nobody is made to send more to others than it would take to annoy them. */
const SIZES = [64 * 1024, 2 * 1024 ** 2];
const TIMEOUT_MS = 120_000;
const MOST_BYTES = 256 * 1024;

export interface VantageParts {
  readonly clock: Clock;
  /** False where the settings do not allow it. */
  readonly isAllowed: boolean;
  /** Which servers our settings let us talk to. */
  readonly policy: ServerAcl;
  /** Undefined where there is no network to look at. */
  readonly network: Pick<FrontParts, 'discovery' | 'connection' | 'served'> | undefined;
}

/** Looks at other servers for them: only from outside can it be seen whether they are reached. */
export class Vantage {
  readonly #parts: VantageParts;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: VantageParts) {
    this.#parts = parts;
  }

  /** @throws MatrixError M_UNRECOGNIZED, M_LIMIT_EXCEEDED */
  async look(server: ServerName, token: string): Promise<FrontFacts> {
    const { clock, isAllowed, policy, network } = this.#parts;
    if (!isAllowed || network === undefined || !policy.allows(server))
      throw new MatrixError('M_UNRECOGNIZED', 'This server does not look at others for them (federation.vantage).');
    const wait = this.#lookedAt + EVERY_MS - clock.monotonic();
    if (wait > 0)
      throw new MatrixError('M_LIMIT_EXCEEDED', 'One look a minute.', { fields: { retry_after_ms: Math.ceil(wait) } });
    this.#lookedAt = clock.monotonic();
    return gatherFront({ ...network, serverName: server, token, expected: undefined, sizes: SIZES });
  }
}

/** Asks another Copse how we look from there. What it says is looked at as if we had seen it. */
export async function outsideView(
  client: Pick<FederationClient, 'request'>,
  vantage: ServerName,
  {
    server,
    token,
    expected,
  }: { readonly server: ServerName; readonly token: string; readonly expected: string | undefined },
): Promise<OutsideFacts> {
  try {
    const answer = await client.request(vantage, {
      method: 'POST',
      path: LOOK_PATH,
      body: { server, token },
      unsigned: true,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MOST_BYTES,
    });
    const front = isObject(answer) ? await frontIn(answer) : undefined;
    if (front === undefined) return { vantage, front: null, error: 'it answers with something else' };
    return { vantage, front: { ...front, expected: expected ?? null }, error: null };
  } catch (error) {
    if (!isOfPeer(error)) throw error;
    return { vantage, front: null, error: reasonOf(error) };
  }
}

async function frontIn(answer: JsonObject): Promise<FrontFacts | undefined> {
  const front = getObject(answer, 'front');
  const { Compile } = await import('typebox/schema');
  return Compile(FrontSchema).Check(front) ? (front as unknown as FrontFacts) : undefined;
}
