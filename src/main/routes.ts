import type { ConfirmationRequest } from '../accounts/interactive-auth.ts';
import { InteractiveChallenge } from '../accounts/interactive-challenge.ts';
import type { OAuth } from '../accounts/oauth/oauth.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/schema.ts';
import { accountRoutes } from '../http/client/account/routes.ts';
import { accountDataRoutes } from '../http/client/account-data/routes.ts';
import { appserviceRoutes } from '../http/client/appservice/routes.ts';
import { dehydratedDeviceRoutes } from '../http/client/dehydrated-device/routes.ts';
import { delayedEventRoutes } from '../http/client/delayed-events/routes.ts';
import { directoryRoutes } from '../http/client/directory/routes.ts';
import { keysRoutes } from '../http/client/keys/routes.ts';
import { mediaRoutes } from '../http/client/media/routes.ts';
import type { PeekingParts } from '../http/client/peeking/peeking-parts.ts';
import { peekingRoutes } from '../http/client/peeking/routes.ts';
import { presenceRoutes } from '../http/client/presence/routes.ts';
import { profileRoutes } from '../http/client/profile/routes.ts';
import { pushRoutes } from '../http/client/push/routes.ts';
import { reportRoutes } from '../http/client/reports/routes.ts';
import { roomKeysRoutes } from '../http/client/room-keys/routes.ts';
import type { RoomRouteParts } from '../http/client/rooms/room-route-parts.ts';
import { roomRoutes } from '../http/client/rooms/routes.ts';
import { searchRoutes } from '../http/client/search/routes.ts';
import type { OAuthFacts } from '../http/client/server/auth-metadata.ts';
import { serverRoutes } from '../http/client/server/routes.ts';
import { syncRoutes } from '../http/client/sync/routes.ts';
import { threepidRoutes } from '../http/client/threepids/routes.ts';
import { toDeviceRoutes } from '../http/client/to-device/routes.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { oauthRoutes } from '../http/oauth/routes.ts';
import { type PlacedEndpoint, servedBy } from '../http/served-by.ts';
import { accountPageRoutes } from '../http/site/account/routes.ts';
import { loginFallback } from '../http/site/fallback/login.ts';
import { fallbackRoutes } from '../http/site/fallback/routes.ts';
import { mailPageRoutes } from '../http/site/mail-page.ts';
import type { SignOnRouteParts } from '../http/site/sign-on/departure.ts';
import { signOnRoutes } from '../http/site/sign-on/routes.ts';
import { synapseRoutes } from '../http/synapse/routes.ts';
import type { DeviceListChanges, InteractiveAuth, Proof } from '../keys/ports.ts';
import type { RemoteHistory } from '../rooms/ports.ts';
import { userPos } from '../rooms/user-log.table.ts';
import { deviceListsBetween } from '../sync/device-list-range.ts';
import { EventStream } from '../sync/event-stream.ts';
import type { Parts } from './compose-parts.ts';
import { profileFor } from './profile-for.ts';
import { readListener } from './read-listener.ts';
import { wellKnownOf } from './well-known.ts';

export interface ClientSide {
  readonly clock: Clock;
  readonly version: string;
  /** Absent without federation. */
  readonly history: RemoteHistory | undefined;
}

/** Every endpoint of the client listener but the site's own pages. */
export function clientRoutes(parts: Parts, config: Config, { clock, version, history }: ClientSide): PlacedEndpoint[] {
  const { accounts, rooms } = parts;
  const roomParts = { ...roomRouteParts(parts, config), history };
  const eventStream = new EventStream(parts);
  return servedBy('client', [
    ...serverRoutes({
      capabilities: {
        defaultRoomVersion: config.default_room_version,
        takesAddresses: accounts.validations.isSetUp,
      },
      wellKnown: wellKnownOf(config),
      turn: { uris: config.turn.uris, secret: config.turn.shared_secret, lifetimeMs: config.turn.lifetime },
      clock,
      oauth: oauthFacts(parts),
      thirdParties: parts.appservices.thirdParties,
    }),
    ...appserviceRoutes(parts),
    ...accountRoutes({ accounts }),
    ...threepidRoutes(accounts),
    ...mailPageRoutes({ validations: accounts.validations, serverName: rooms.serverName }),
    ...fallbackRoutes(accounts),
    loginFallback({ serverName: rooms.serverName }),
    ...signOnRoutes(signOnParts(parts, config)),
    ...oauthPages(parts, config, clock),
    ...accountDataRoutes(parts),
    ...presenceRoutes({ rooms, presence: parts.presence }),
    ...profileRoutes({ accounts }),
    ...roomRoutes(roomParts),
    ...directoryRoutes(roomParts),
    ...peekingRoutes({ ...roomParts, eventStream, roomAccountData: roomAccountData(parts) }),
    ...delayedEventRoutes(parts),
    ...searchRoutes({ rooms, search: parts.search, ignoredUsers: roomParts.ignoredUsers }),
    ...servedBy(
      'sync',
      syncRoutes({
        ...parts,
        eventStream,
        storedFilter: (userNid, id) => accounts.filters.get(userNid, id),
        rooms,
        budget: rooms.budget,
      }),
    ),
    ...keysRoutes({
      keys: parts.keys,
      interactiveAuth: interactiveAuth(parts),
      deviceListChanges: deviceListChanges(parts),
    }),
    ...roomKeysRoutes(parts),
    ...toDeviceRoutes(parts),
    ...dehydratedDeviceRoutes(parts),
    ...servedBy('media', mediaRoutes({ media: parts.media, clock })),
    ...pushRoutes(parts),
    ...reportRoutes({ accounts, rooms }),
    ...synapseRoutes({ ...parts, profileFor: roomParts.profileFor, remote: roomParts.remote, version }),
  ]);
}

function signOnParts({ accounts: { signOn, oauth } }: Parts, config: Config): SignOnRouteParts {
  return { signOn, oauth, isSecure: config.public_base_url?.startsWith('https:') ?? false };
}

function oauthFacts({ accounts: { oauth, settings } }: Parts): OAuthFacts | undefined {
  return oauth && { base: oauth.base, issuer: oauth.issuer, canSignUp: settings.registration !== 'closed' };
}

/** What the OAuth 2.0 API consists of, for clients and for people. */
function oauthPages(parts: Parts, config: Config, clock: Clock): Endpoint[] {
  const { accounts, rooms } = parts;
  const { oauth, sessions } = accounts;
  if (oauth === undefined) return [];
  const { random, serverName } = rooms;
  const pages = { accounts, oauth, clock, random, serverName };
  return [...oauthRoutes(oauth, sessions), ...accountPageRoutes(pages, signOnParts(parts, config))];
}

function roomRouteParts(parts: Parts, config: Config): RoomRouteParts {
  const { accounts, rooms, delayed, notifications, remote } = parts;
  return {
    rooms,
    profileFor: profileFor(accounts, rooms),
    ignoredUsers: async userNid => accounts.ignored.ignoredBy(rooms.db, userNid, await userPos(rooms.db, userNid)),
    delayed,
    reading: readListener(accounts, notifications),
    defaultRoomVersion: config.default_room_version,
    appserviceOwns: (appservice, userId) => parts.appservices.ownsUser(appservice, userId),
    aliasOwner: alias => parts.appservices.aliasOwner(alias),
    ownsAlias: (id, alias) => parts.appservices.ownsAlias(id, alias),
    remote: remote?.directory,
    remoteRooms: remote?.rooms,
    exchangeInvite: remote?.exchangeInvite,
  };
}

function roomAccountData({ sources, rooms: { db } }: Parts): PeekingParts['roomAccountData'] {
  return async (userNid, roomId) => {
    const all = await sources.roomAccountData(db, userNid, undefined);
    return all.filter(each => each.roomId === roomId).map(({ type, content }) => ({ type, content }));
  };
}

function interactiveAuth({ accounts: { interactive, oauth } }: Parts): InteractiveAuth {
  return {
    async require(request) {
      if (oauth !== undefined && request.user.oauthClient !== undefined) return allowedReset(oauth, request);
      const outcome = await interactive.confirm(request);
      if (outcome.passed) return async tx => void (await interactive.finish(tx, outcome.session));
      throw new InteractiveChallenge(outcome.challenge);
    },
  };
}

async function allowedReset({ resets }: OAuth, request: ConfirmationRequest): Promise<Proof> {
  const outcome = await resets.confirm(request);
  if (typeof outcome === 'function') return outcome;
  throw new InteractiveChallenge(outcome.challenge);
}

function deviceListChanges(parts: Parts): DeviceListChanges {
  const { rooms, sources, typing } = parts;
  return { between: (user, from, to) => deviceListsBetween({ parts: rooms, sources, typing }, user, from, to) };
}
