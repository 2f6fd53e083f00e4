import type { Requester } from '../accounts/requester.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import type { UserId } from '../core/ids.ts';
import { DatabaseUnavailableError } from '../db/database.ts';
import { getAlias } from '../http/client/directory/get-alias.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { HttpServer } from '../http/server.ts';
import { synapseRoutes } from '../http/synapse/routes.ts';
import { serverUser } from './compose-administration.ts';
import type { Parts } from './compose-parts.ts';
import { profileFor } from './profile-for.ts';

/** Whoever reaches the control socket owns the server: any token will do. */
export const OPERATOR_TOKEN = 'operator';

export interface OperatorExtras {
  readonly log: Log;
  readonly version: string;
  /** Endpoints of parts that are there only where the server runs. */
  readonly further: readonly Endpoint[];
}

/** The administration API for commands, under the name of the server's own user: whoever calls need not have an account. */
export function operatorListener(parts: Parts, config: Config, more: OperatorExtras) {
  const { rooms, accounts, remote } = parts;
  const profile = profileFor(accounts, rooms);
  let operator: Requester | undefined;
  const server = new HttpServer({
    log: more.log,
    authenticate: async () => {
      const found = operator ?? (await operatorOf(parts, config));
      if (found.userNid !== NOBODY) operator = found;
      return found;
    },
    countRequest: () => undefined,
    audit: (who, request) => parts.administration.audit.note(who, { ...request, ip: '' }),
    trustedProxies: [],
  });
  server.add(synapseRoutes({ ...parts, profileFor: profile, remote: remote?.directory, version: more.version }));
  server.add([getAlias({ rooms }), ...more.further]);
  return server;
}

/** The administration for commands, made when somebody asks for it first. */
export class Operators implements AsyncDisposable {
  readonly #make: () => HttpServer;
  #made: Promise<HttpServer> | undefined;

  constructor(make: () => HttpServer) {
    this.#make = make;
  }

  async administer(): Promise<HttpServer['app']['routing']> {
    this.#made ??= ready(this.#make());
    return (await this.#made).app.routing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#made)?.close();
  }
}

async function ready(server: HttpServer): Promise<HttpServer> {
  await server.app.ready();
  return server;
}

async function operatorOf({ rooms }: Parts, config: Config): Promise<Requester> {
  const userId = serverUser(config, rooms.serverName);
  return {
    userId,
    userNid: await numberOf(rooms, userId),
    deviceId: undefined,
    isAdmin: true,
    isGuest: false,
    isSuspended: false,
    tokenNid: undefined,
    appservice: undefined,
  };
}

/** Where nothing can be written the doctor is wanted most: it needs nobody's number. */
async function numberOf({ db, nids }: Parts['rooms'], userId: UserId): Promise<number> {
  const known = await nids.users.findOne(db, userId);
  if (known !== undefined) return known;
  try {
    return await db.tx(tx => nids.users.internOne(tx, userId));
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return NOBODY;
    throw error;
  }
}

const NOBODY = 0;
