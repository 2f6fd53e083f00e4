import { Accounts } from '../accounts/accounts.ts';
import type { Argon2id } from '../accounts/passwords.ts';
import type { DeviceListener } from '../accounts/ports.ts';
import { RemoteUserWords } from '../accounts/remote-user-words.ts';
import { accountSettings } from '../accounts/settings.ts';
import type { Administration } from '../administration/administration.ts';
import type { Appservices } from '../appservice/appservices.ts';
import type { Registration } from '../appservice/registration.ts';
import type { Admission } from '../base/admission.ts';
import { behind } from '../base/background.ts';
import type { Budget } from '../base/budget.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { Leases } from '../cluster/leases.ts';
import type { Config } from '../config/schema.ts';
import type { UserId } from '../core/ids.ts';
import type { Database } from '../db/database.ts';
import { doubtAfterDeparture } from '../federation/devices/departures.ts';
import type { EduReceiver } from '../federation/inbound/ports.ts';
import { accountDevices } from '../keys/account-devices.table.ts';
import { DehydratedDevices } from '../keys/dehydrated-devices.ts';
import { buildKeys, type Keys } from '../keys/keys.ts';
import { Media } from '../media/media.ts';
import { defaultMediaSettings, legacyDownloads, type MediaSettings } from '../media/settings.ts';
import { CompiledRulesets } from '../push/compiled-rulesets.ts';
import { NotificationHistory } from '../push/notification-history.ts';
import { Notifications } from '../push/notifications.ts';
import { PushEvaluator } from '../push/push-evaluator.ts';
import { PushRules } from '../push/push-rules.ts';
import { PushSender } from '../push/push-sender.ts';
import { Pushers } from '../push/pushers.ts';
import { deviceListsChanged } from '../rooms/announce.ts';
import { DelayedEvents } from '../rooms/delayed-events.ts';
import { delayedStateFollower } from '../rooms/delayed-state.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import { fillRoomFacts } from '../rooms/room-facts.ts';
import { Search } from '../rooms/search/search.ts';
import { SearchIndexer } from '../rooms/search/search-indexer.ts';
import type { DevicePlaces } from '../sync/device-places.ts';
import { LogView } from '../sync/log-view.ts';
import { Notifier } from '../sync/notifier.ts';
import { followActivity } from '../sync/presence/activity.ts';
import { Presence } from '../sync/presence/presence.ts';
import { deleteConnections } from '../sync/sliding/connection.table.ts';
import { SlidingSync } from '../sync/sliding/sliding-sync.ts';
import type { SyncSources } from '../sync/sources.ts';
import { Sync } from '../sync/sync.ts';
import { Typing } from '../sync/typing.ts';
import { composeAdministration, invitePolicy } from './compose-administration.ts';
import { composeAppservices, composeLanes } from './compose-appservices.ts';
import { composeOAuth } from './compose-oauth.ts';
import type { Remote } from './compose-remote.ts';
import { composeRooms } from './compose-rooms.ts';
import { composeSignOn } from './compose-sign-on.ts';
import type { DataFolder } from './data-folder.ts';

import { maintain } from './maintenance.ts';
import { notificationWriter } from './notification-writer.ts';
import { pushEvents } from './push-events.ts';
import { pushTransport } from './push-transport.ts';
import { roomFollower } from './room-follower.ts';
import { smtpMail } from './smtp-mail.ts';
import { syncSources } from './sync-sources.ts';
import { typingFollower } from './typing-follower.ts';
import { oneAfterTheOther, upgradeFollower } from './upgrade-follower.ts';
import { wellKnownOf } from './well-known.ts';

export interface PartsInput {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly db: Database;
  readonly bus: Bus;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly budget: Budget;
  readonly admission: Admission;
  /** Of application services; undefined where none of them is told anything, and what waits for them stays. */
  readonly registrations: readonly Registration[] | undefined;
  /** Undefined without federation. */
  readonly remote: Remote | undefined;
  readonly argon2id?: Argon2id | undefined;
}

/** The Matrix parts of a server, each built from what it uses. Disposing of them ends their loops. */
export interface Parts extends AsyncDisposable {
  readonly bus: Bus;
  readonly rooms: RoomsParts;
  readonly accounts: Accounts;
  readonly keys: Keys;
  readonly dehydrated: DehydratedDevices;
  readonly media: Media;
  readonly search: Search;
  readonly delayed: DelayedEvents;
  readonly sync: Sync;
  readonly slidingSync: SlidingSync;
  readonly devicePlaces: DevicePlaces;
  readonly sources: SyncSources;
  readonly typing: Typing;
  /** Undefined where it is switched off. */
  readonly presence: Presence | undefined;
  readonly notifications: Notifications;
  readonly pushRules: PushRules;
  readonly pushers: Pushers;
  readonly notificationHistory: NotificationHistory;
  /** Undefined without federation. */
  readonly remote: Remote | undefined;
  /** The same. */
  readonly edus: EduReceiver | undefined;
  readonly administration: Administration;
  readonly appservices: Appservices;
  /** Takes up the work that an earlier run left. */
  start(): Promise<void>;
}

export function composeParts(input: PartsInput): Parts {
  const { config, folder, db, bus, clock, random, log, budget, remote, leases } = input;
  const { serverName, signingKey } = folder;
  const stop = new AbortController();
  const appservices = composeAppservices(input.registrations ?? [], { clock, log });

  const notifications = new Notifications({ bus, clock });
  const rulesets = new CompiledRulesets({ bus, clock, budget });
  const evaluator = new PushEvaluator(rulesets);
  // Rooms tell push of events, push asks rooms about them: one of the two has to come later.
  const writer = notificationWriter({ rooms: () => rooms, accounts: () => accounts, evaluator, notifications });
  const pushRules = new PushRules({ db, bus });
  const upgrades = upgradeFollower({ rooms: () => rooms, accounts: () => accounts, pushRules });
  const fingerprintKey = Buffer.from(folder.secrets.fingerprint_key, 'base64url');
  const rooms: RoomsParts = composeRooms({
    db,
    bus,
    clock,
    random,
    log: log.child('rooms'),
    serverName,
    signingKey,
    fingerprintKey,
    budget,
    invites: invitePolicy(config, serverName),
    memberships: remote?.memberships,
    policies: remote?.policies,
    departures: remote && doubtAfterDeparture,
    aliasMaker: appservices,
    notifications: oneAfterTheOther([
      writer,
      upgrades,
      delayedStateFollower({ nids: () => rooms.nids, clock }),
      typingFollower(() => typing),
    ]),
  });
  const { nids } = rooms;
  const common = { db, nids, bus, clock, random, log, serverName, budget };

  const announcer = {
    deviceListChanged: (tx: Parameters<typeof deviceListsChanged>[1], userNid: number) =>
      deviceListsChanged(rooms, tx, [userNid]),
  };
  const remoteDevices = remote?.devices(rooms, stop.signal);
  const keys = buildKeys({
    ...common,
    ...remote?.queues(rooms),
    devices: accountDevices,
    rooms: announcer,
    remoteKeys: remoteDevices?.keys,
  });
  const pushers = new Pushers({ db, clock });
  const mail = smtpMail({ settings: config.mail, baseUrl: wellKnownOf(config).client ?? '', log });
  const signOn = composeSignOn(config, folder, log);
  const oauth = composeOAuth(config, folder);
  const ports = {
    devices: deviceListeners(keys, pushers),
    rooms: roomFollower(() => rooms, log),
    ...(remote && { remoteProfiles: remote.profiles }),
    ...(mail && { mail }),
    ...(signOn && { signOn }),
    ...(oauth && { oauth }),
    appservices,
  };
  const accounts = new Accounts({ ...common, settings: settingsOf(config, folder), ports, argon2id: input.argon2id });
  const media = new Media({ ...common, settings: mediaSettings(config), ...(remote && { remote: remote.media }) });
  const indexer = new SearchIndexer(rooms);
  const remoteUsers = new RemoteUserWords(common);
  const delayed = new DelayedEvents(rooms, userNid => accounts.users.isActive(userNid));

  const notifier = new Notifier({ ...common, events: rooms.events });
  const typing = new Typing({ clock, random, bus, changed: roomNid => void notifier.wakeRoom(roomNid) });
  const sources = syncSources({ accounts, keys });
  const presence = config.presence
    ? new Presence({ ...common, wake: userNids => notifier.wakeAround(userNids) })
    : undefined;
  const activity = presence === undefined ? undefined : followActivity(rooms, presence);
  const logs = new LogView({ rooms, typing, presence });
  const syncing = { rooms, logs, sources, notifier, typing, presence, admission: input.admission };
  const sync = new Sync(syncing);
  const slidingSync = new SlidingSync(syncing);
  const events = pushEvents(rooms);
  const transport = pushTransport(config.allowed_private_addresses.push);
  const sender = new PushSender({ ...common, events, transport });
  const administration = composeAdministration(config, { rooms, accounts, media });
  const { tasks } = administration;
  const hasAccount = async (userId: UserId) => (await accounts.users.find(userId)) !== undefined;
  const bridges = composeLanes({
    ...common,
    rooms,
    appservices,
    typing,
    presence,
    toDevice: keys.toDevice,
    hasAccount,
  });
  const hold = (name: string, work: (signal: AbortSignal) => Promise<void>) => leases.hold(name, work, stop.signal);
  let loops: readonly Promise<void>[] = [];

  return {
    bus,
    rooms,
    accounts,
    keys,
    dehydrated: new DehydratedDevices({ ...keys, db, devices: accounts.devices }),
    media,
    search: new Search(rooms, indexer),
    delayed,
    sync,
    slidingSync,
    devicePlaces: logs.devices,
    sources,
    typing,
    presence,
    notifications,
    pushers,
    pushRules,
    remote,
    edus: remoteDevices?.edus({ toDevice: keys.toDevice, typing, presence }),
    notificationHistory: new NotificationHistory({ db, events }),
    administration,
    appservices,
    async start() {
      await accounts.start();
      await fillRoomFacts(rooms);
      delayed.start();
      if (input.registrations !== undefined) await bridges.lanes.prepare();
      loops = [
        hold('push', signal => sender.run(signal)),
        hold('appservices', signal => bridges.lanes.run(signal)),
        hold(
          'search',
          behind(signal => indexer.run(signal)),
        ),
        hold(
          'directory',
          behind(signal => remoteUsers.run(signal)),
        ),
        hold(
          'tasks',
          behind(signal => tasks.run(signal)),
        ),
        hold(
          'maintenance',
          behind(signal => maintain({ ...common, media, tasks, remoteDevices }, signal)),
        ),
        ...(remoteDevices
          ? [
              hold(
                'device-lists',
                behind(signal => remoteDevices.run(signal)),
              ),
            ]
          : []),
      ];
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      notifier[Symbol.dispose]();
      logs[Symbol.dispose]();
      typing[Symbol.dispose]();
      activity?.[Symbol.dispose]();
      bridges[Symbol.dispose]();
      await Promise.all(loops);
      await presence?.[Symbol.asyncDispose]();
      await delayed[Symbol.asyncDispose]();
      await media[Symbol.asyncDispose]();
      await accounts[Symbol.asyncDispose]();
      rulesets[Symbol.dispose]();
    },
  };
}

function settingsOf(config: Config, folder: DataFolder) {
  const client = wellKnownOf(config).client;
  return accountSettings(config, {
    registrationSharedSecret: config.registration_shared_secret ?? folder.secrets.registration_shared_secret,
    wellKnown: client === undefined ? undefined : { 'm.homeserver': { base_url: client } },
  });
}

function mediaSettings(config: Config): MediaSettings {
  return {
    ...defaultMediaSettings,
    folder: config.media.folder,
    maxUploadBytes: config.media.max_upload,
    maxRemoteBytes: config.media.max_remote,
    keepRemoteMs: config.media.keep_remote,
    legacyDownloads: legacyDownloads(config.media.open_downloads),
    previews: { enabled: config.url_previews.enabled, allowedAddresses: config.allowed_private_addresses.previews },
  };
}

/** A device that goes takes its keys, its pushers and what its clients know with it. */
function deviceListeners(keys: Keys, pushers: Pushers): DeviceListener {
  const { deviceFollower } = keys;
  return {
    async deviceRemoved(tx, userNid, deviceIds) {
      await deviceFollower.deviceRemoved(tx, userNid, deviceIds);
      await pushers.removeOfDevices(tx, userNid, deviceIds);
      await deleteConnections(tx, userNid, deviceIds);
    },
    deviceChanged: (tx, userNid, deviceIds) => deviceFollower.deviceChanged(tx, userNid, deviceIds),
    async accountClosed(tx, userNid) {
      await deviceFollower.accountClosed(tx, userNid);
      await pushers.removeAll(tx, userNid);
    },
    isReservedDeviceId: (db, userNid, deviceId) => deviceFollower.isReservedDeviceId(db, userNid, deviceId),
  };
}
