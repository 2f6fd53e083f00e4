import type { ConfigArgs } from '../config/load.ts';
import type { Json, JsonObject } from '../core/json.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** The administration of a server, whether it runs or not. */
export interface AdminServer {
  readonly serverName: string;
  /** Whether it goes on after the command. */
  readonly isRunning: boolean;
  /** `path`: below `/_synapse/admin/`. @throws RefusedError */
  call(method: Method, path: string, body?: JsonObject): Promise<JsonObject>;
  /** The room that an alias of this server names. @throws RefusedError */
  resolveAlias(alias: string): Promise<string>;
}

/** The server has said no: the message says why. */
export class RefusedError extends Error {
  readonly errcode: string;

  constructor(errcode: string, message: string) {
    super(message);
    this.name = 'RefusedError';
    this.errcode = errcode;
  }
}

/** What was asked for cannot be understood: the message says what to write. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Where a new password comes from. */
export type PasswordSource = 'ask' | 'stdin' | 'random';

/** What the commands of administrators need of the surroundings; `main/` hands it over. */
export interface AdminSurroundings {
  /** Runs `work` against the server of these settings. */
  administer<T>(config: ConfigArgs, work: (server: AdminServer) => Promise<T>): Promise<T>;
  password(source: PasswordSource): Promise<string>;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
  print(text: string): void;
  readFile(file: string): Promise<string>;
  /** Makes the configuration of the front of this server anew; tells what came of it. */
  renewFront(config: ConfigArgs): Promise<string[]>;
  /** For this user alone. */
  writeFile(file: string, text: string): Promise<void>;
}

/** What a command shows: for programs with `--json`, else for people. */
export interface Shown {
  readonly json: Json;
  readonly text: string;
  /** Of the command; 0 unless given. */
  readonly exitCode?: number;
}

/** `alice`, `@alice` or `@alice:example.org`. */
export function userIdOf(server: AdminServer, name: string): string {
  const bare = name.replace(/^@/, '');
  return `@${bare.includes(':') ? bare : `${bare.toLowerCase()}:${server.serverName}`}`;
}

/** `!id:example.org`, `#alias:example.org`, or `alias` for `#alias` of this server. @throws RefusedError */
export async function roomIdOf(server: AdminServer, name: string): Promise<string> {
  if (name.startsWith('!')) return name;
  const bare = name.replace(/^#/, '');
  return server.resolveAlias(`#${bare.includes(':') ? bare : `${bare}:${server.serverName}`}`);
}

/** `mxc://example.org/id`, or `id` for a file of this server. @throws UsageError */
export function mediaOf(server: AdminServer, name: string): { readonly origin: string; readonly id: string } {
  const [, origin, id] = /^mxc:\/\/([^/]+)\/([^/]+)$/.exec(name) ?? [];
  if (origin !== undefined && id !== undefined) return { origin, id };
  if (/^[A-Za-z0-9_-]+$/.test(name)) return { origin: server.serverName, id: name };
  throw new UsageError(`${name} is no file: write mxc://SERVER/ID, or the ID of a file of this server.`);
}

/** A part of a path. */
export const part = encodeURIComponent;

/** A query string, without what is undefined. */
export function queryOf(parts: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
}

/** All items of a list that comes in pages. */
export async function allPages(
  server: AdminServer,
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
  key: string,
): Promise<JsonObject[]> {
  const items: JsonObject[] = [];
  for (let from: Json | undefined = 0; from !== undefined; ) {
    const answer: JsonObject = await server.call(
      'GET',
      `${path}?${queryOf({ ...query, from: Number(from), limit: 500 })}`,
    );
    items.push(...((answer[key] ?? []) as JsonObject[]));
    from = answer.next_token ?? answer.next_batch;
  }
  return items;
}
