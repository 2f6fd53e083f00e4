import type { Static } from 'typebox';
import { Type } from '../../base/schema.ts';
import type { Role } from '../roles.ts';

const bytes = Type.Integer({ minimum: 0 });
const share = Type.Number({ minimum: 0 });

/** What an agent tells of its board. What a board does not have, or the agent cannot read, is left out. */
export const BoardFactsSchema = Type.Object({
  /** The version of Copse. */
  version: Type.String({ maxLength: 60 }),
  /** As Node.js names it: `arm64`, `x64`. */
  arch: Type.String({ maxLength: 20 }),
  cpus: Type.Integer({ minimum: 1 }),
  /** Of the last minute. */
  load: share,
  /** Bytes of the board, or of its cgroup where that has fewer. */
  memory: Type.Object({ total: bytes, used: bytes }),
  /** Bytes where the data folder lies. */
  disk: Type.Object({ total: bytes, free: bytes }),
  /** Shares of ten seconds in per cent, as the kernel counts them (PSI `some avg10`). */
  pressure: Type.Object({ cpu: Type.Optional(share), memory: Type.Optional(share), io: Type.Optional(share) }),
  /** Degrees Celsius of the hottest sensor. */
  temperature: Type.Optional(Type.Number()),
  /** The network interface of the board's address, and its speed in Mbit/s. */
  link: Type.Optional(
    Type.Object({ name: Type.String({ maxLength: 20 }), mbit: Type.Optional(Type.Integer({ minimum: 1 })) }),
  ),
  /** The file system of `/`: `ext4`, `overlay`, `nfs4`, `squashfs`. */
  root: Type.String({ maxLength: 30 }),
  supervisor: Type.Enum(['systemd', 'child']),
  /** Programs of use that are installed: `nginx`, `haproxy`. */
  programs: Type.Array(Type.String({ maxLength: 30 }), { maxItems: 10 }),
  /** The number of the settings with which everything runs that shall. */
  settings: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type BoardFacts = Static<typeof BoardFactsSchema>;

/** How a process of a board is, by its agent. */
export const BoardProcessSchema = Type.Object({
  /** As in its assignment. */
  name: Type.String({ minLength: 1, maxLength: 60 }),
  state: Type.Enum(['starting', 'ready', 'draining', 'failed']),
  pid: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Milliseconds since 1970: since when it is in this state. */
  since: Type.Integer(),
  /** How often the agent has started it again. */
  restarts: Type.Integer({ minimum: 0 }),
  /** Resident bytes. */
  memory: Type.Optional(bytes),
  /** Why it failed, for people. */
  reason: Type.Optional(Type.String({ maxLength: 500 })),
});
export type BoardProcess = Static<typeof BoardProcessSchema>;

/** What an agent says every two seconds. */
export const BoardReportSchema = Type.Object({
  /** `HOST:PORT` of its cluster listener. */
  address: Type.String({ pattern: '^[A-Za-z0-9.:\\[\\]_-]{1,255}:[0-9]{1,5}$' }),
  facts: BoardFactsSchema,
  processes: Type.Array(BoardProcessSchema, { maxItems: 50 }),
});
export type BoardReport = Static<typeof BoardReportSchema>;

/** A board of the cluster. */
export interface Board {
  readonly name: string;
  /** `HOST:PORT` of its cluster listener. */
  readonly address: string;
  readonly labels: readonly string[];
  /** Undefined until its agent has told them. */
  readonly facts: BoardFacts | undefined;
  readonly processes: readonly BoardProcess[];
  /** Nothing new is placed there, and what it has goes elsewhere (`copse node drain`). */
  readonly isCordoned: boolean;
  /** Whether its agent has spoken lately. */
  readonly isAlive: boolean;
  /** Its agent speaks, and nothing that runs there reaches the database: placement counts it as dead. */
  readonly isCutOff?: boolean;
  readonly joinedTs: number;
  /** Bytes that the database or the bus of the server takes on it, where placement knows that they are there. */
  readonly beside?: number;
}

/** A process that shall run on a board. */
export interface Assignment {
  /** Its name in the cluster: `b1-sync-1`. */
  readonly process: string;
  readonly board: string;
  /** The part of the desired state that wants it: `sync`. Of a front its program: `nginx`, `haproxy`. */
  readonly part: string;
  /** `role`: a process of `copse role`; `front`: `copse front nginx --follow`. */
  readonly kind: 'role' | 'front';
  /** Empty: everything. */
  readonly roles: readonly Role[];
  /** Where it listens for clients, on the board's address. A front has its own ports; 0 there. */
  readonly port: number;
  /** Bytes that it may use. */
  readonly memory: number;
  /** It stays until what replaces it is ready. */
  readonly isLeaving: boolean;
}

/** What a report is answered with. */
export interface BoardOrders {
  /** Of this board alone. */
  readonly assignments: readonly Assignment[];
  /** `HOST:PORT` of the cluster listeners of this board and of some others: one of them answers. */
  readonly addresses: readonly string[];
  /** The number of the settings that the board shall have, where these are not the first ones. */
  readonly settings?: number;
}

/** A board that has been silent for so long is dead. */
export const BOARD_LIFE_MS = 15_000;
export const REPORT_EVERY_MS = 2000;
