import type { Plant } from './mortal-database.ts';

/** A bug that a world has to find: statements that are left out, now and then or always. */
interface PlantedBug {
  readonly about: string;
  readonly statement: RegExp;
  /** What is among the statement's values, where that matters. */
  readonly value?: string;
  /** Every so many of these statements is left out. */
  readonly every: number;
  /** What comes after it is left out with it. */
  readonly also?: RegExp;
  /** As if it had changed so many rows; one unless given. */
  readonly rows?: number;
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
    rows: 0,
  },
  'lost-state': {
    about: "the room's state is not moved on",
    statement: /^\s*update room set state_root/,
    every: 5,
  },
  'backoff-for-ever': {
    about: 'a server that takes what it is sent again still counts as failing',
    statement: /^\s*update destination set failing_since = null/,
    every: 1,
  },
  'deaf-backoff': {
    about: 'a server that was heard again is still left alone',
    statement: /^\s*update destination set tries = 0,/,
    every: 1,
  },
  'forgotten-transaction': {
    about: 'what a client sent to devices is not remembered, so that it comes twice',
    statement: /^\s*insert into transaction_id /,
    every: 1,
  },
  'forgotten-message-id': {
    about: 'what another server sent to devices is not remembered, so that it comes twice',
    statement: /^\s*insert into transaction_id /,
    value: 'to_device edu',
    every: 1,
  },
  'unmoved-range': {
    about: 'what was delivered is delivered again and again',
    statement: /^\s*delete from outbound_room where room_nid/,
    also: /^\s*update outbound_room set from_pos/,
    every: 3,
  },
  'lost-device-change': {
    about: 'others are not told of a new device',
    statement: /^\s*insert into outbound_device_list /,
    every: 1,
  },
  'lost-receipt': {
    about: 'a receipt gets no place in the room log',
    statement: /^\s*update receipt |^\s*insert into receipt /,
    every: 2,
  },
  'unapplied-redaction': {
    about: 'what was redacted stays',
    statement: /^\s*update event set json = \?, flags = flags \|/,
    every: 2,
  },
};

/** The bug of that name, as it acts in one world. */
export function plantNamed(name: string | undefined): Plant | undefined {
  if (name === undefined) return undefined;
  const bug = PLANTED_BUGS[name];
  if (bug === undefined) throw new RangeError(`there is no planted bug ${name}`);
  let seen = 0;
  let isAlso = false;
  return ({ text, values }) => {
    if (isAlso && bug.also?.test(text) === true) {
      isAlso = false;
      return 1;
    }
    const isMeant = bug.statement.test(text) && (bug.value === undefined || values.includes(bug.value));
    if (!isMeant) return undefined;
    isAlso = ++seen % bug.every === 0;
    return isAlso ? (bug.rows ?? 1) : undefined;
  };
}
