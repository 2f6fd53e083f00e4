import type { Plant } from './mortal-database.ts';

/** A bug that a world has to find: statements that are left out, now and then or always. */
interface PlantedBug {
  readonly about: string;
  readonly statement: RegExp;
  /** Every so many of these statements is left out. */
  readonly every: number;
}

export const PLANTED_BUGS: Readonly<Record<string, PlantedBug>> = {
  'lost-inbox-row': {
    about: 'an event is acknowledged and not kept',
    statement: /^\s*insert into inbox \(/,
    every: 5,
  },
  'lost-outbound-range': {
    about: 'a message of ours is not queued for the others',
    statement: /^\s*insert into outbound_room /,
    every: 4,
  },
  'skipped-log-entry': {
    about: 'an event is stored without an entry in the room log',
    statement: /^\s*insert into room_log /,
    every: 9,
  },
  'lost-to-device': {
    about: 'a message to devices is not queued',
    statement: /^\s*insert into outbound_edu /,
    every: 2,
  },
  'stale-extremity': {
    about: 'an event stays a head although others build on it',
    statement: /^\s*delete from extremity /,
    every: 6,
  },
  'stuck-hole': {
    about: 'what was missing and came counts as missing for ever',
    statement: /^\s*delete from hole where room_nid = \? and event_id/,
    every: 1,
  },
  'lost-state': {
    about: "the room's state is not moved on",
    statement: /^\s*update room set state_root/,
    every: 5,
  },
  'backoff-for-ever': {
    about: 'a server that failed once is asked again too late',
    statement: /^\s*delete from destination |^\s*update destination set .*retry_at = null/s,
    every: 1,
  },
  'forgotten-transaction': {
    about: 'what a device sent is not remembered, so that it comes twice',
    statement: /^\s*insert into (received_to_device|to_device_seen)/,
    every: 1,
  },
  'unmoved-range': {
    about: 'what was delivered is delivered again and again',
    statement: /^\s*(update|delete from) outbound_room/,
    every: 3,
  },
};

/** The bug of that name, as it acts in one world. */
export function plantNamed(name: string | undefined): Plant | undefined {
  if (name === undefined) return undefined;
  const bug = PLANTED_BUGS[name];
  if (bug === undefined) throw new RangeError(`there is no planted bug ${name}`);
  let seen = 0;
  return text => (bug.statement.test(text) && ++seen % bug.every === 0 ? 'skip' : 'run');
}
