import type { ServerName } from '../../../core/ids.ts';
import type { HoleFiller } from '../../gaps/hole-filler.ts';
import type { ToldStateParts } from '../../gaps/told-state.ts';
import type { RoomDrain } from '../../inbound/room-drain.ts';
import type { KeyRing } from '../../keys/key-ring.ts';
import type { Sender } from '../../outbound/sender.ts';
import type { HeadProbeParts } from '../../probing/head-probe.ts';
import type { Repairs } from '../ports.ts';
import type { Done } from '../report.ts';
import type { RepairKind } from '../verdict.ts';
import { bumpEpoch } from './bump-epoch.ts';
import { fetchDevices } from './fetch-devices.ts';
import { fillSharedRooms } from './fill-shared-rooms.ts';
import { joinEnds } from './join-ends.ts';
import { judgeSharedAgain } from './judge-again.ts';
import { type KeyParts, publishKeys } from './publish-keys.ts';
import { raiseLimit } from './raise-limit.ts';
import { retryNow } from './retry-now.ts';
import { takeState } from './take-state.ts';

export interface RepairParts extends KeyParts {
  readonly sender: Pick<Sender, 'tryNow'>;
  readonly probing: HeadProbeParts;
  readonly holes: Pick<HoleFiller, 'work'>;
  /** Resolves when what lies in the inbox is taken in, as far as it can be. */
  readonly drained: (signal: AbortSignal) => Promise<void>;
  readonly drain: Pick<RoomDrain, 'wake'>;
  readonly keyRing: Pick<KeyRing, 'refresh'>;
  readonly told: ToldStateParts;
  /** Has work begin anew that has waited for too long; answers which. */
  readonly renewWork: () => Promise<readonly string[]>;
  /** Has everything jump ahead that may have been given out before. */
  readonly beginEpoch: () => Promise<void>;
}

/** What the server can do by itself about a finding. Everything here may be done at any time, and twice. */
export function composeRepairs(parts: RepairParts): Repairs {
  const kinds: Readonly<Record<RepairKind, (server: ServerName, signal: AbortSignal) => Promise<string[]>>> = {
    retry_now: server => retryNow(parts, server),
    // The question itself is the greeting: it is signed.
    say_hello: async (server, signal) => ['said hello to it', ...(await fillSharedRooms(parts, server, signal))],
    fill_rooms: (server, signal) => fillSharedRooms(parts, server, signal),
    fetch_keys: server => fetchKeys(parts, server),
    fetch_devices: server => fetchDevices(parts, server),
    join_ends: (server, signal) => joinEnds(parts.rooms, server, signal),
    judge_again: (server, signal) => judgeSharedAgain(parts.told, server, signal),
    raise_limit: server => raiseLimit(parts.rooms, server),
    publish_keys: (_, signal) => publishKeys(parts, signal),
    bump_epoch: () => bumpEpoch(parts),
    renew_work: async () => (await parts.renewWork()).map(work => `${work} begins anew`),
  };
  return {
    async repair(server, kind, signal): Promise<Done> {
      return { server, lines: await kinds[kind](server, signal) };
    },
    async takeState(server, roomId, signal): Promise<Done> {
      return { server, lines: await takeState(parts.told, server, roomId, signal) };
    },
  };
}

async function fetchKeys({ keyRing }: RepairParts, server: ServerName): Promise<string[]> {
  await keyRing.refresh([server]);
  return ['asked it for its keys again'];
}
