import { certificateRow } from '../cli/certificate-text.ts';
import { durationText, sizeText } from '../cli/size-text.ts';
import type { Status } from '../cli/status-text.ts';
import type { Config } from '../config/schema.ts';
import type { Diagnosis } from '../federation/doctor/diagnose.ts';
import { spanText } from '../federation/doctor/words.ts';
import type { OwnHealth } from './control.ts';

/** What is looked at beside federation. */
export interface ServerFacts {
  readonly config: Config;
  /** Undefined: no server runs on the data folder. */
  readonly status: Status | undefined;
  /** The version of the program that asks. */
  readonly installed: string;
  /** Bytes that are free where the data lie, and bytes in all. */
  readonly disk: { readonly free: number; readonly total: number };
  /** The server takes a connection and says nothing. */
  readonly isSilent?: boolean;
  /** Undefined where it does not run, or does not say. */
  readonly health?: OwnHealth | undefined;
  /** What is wrong with the file of SQLite; undefined where nothing is, null where it was not looked at. */
  readonly file: string | null | undefined;
  readonly now: number;
  /** This server as its public name shows it; undefined where nobody could look. */
  readonly ourselves?: Diagnosis['us'] | undefined;
}

export interface HealthLine {
  readonly name: string;
  readonly state: 'good' | 'bad' | 'unknown';
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** A database that cannot grow any more stops the server. */
const LEAST_FREE = 1024 ** 3;
const LEAST_PART = 0.05;
const LATE_SECONDS = 3600;

/** What could stop a server, apart from other servers: pure. */
export function serverHealth(facts: ServerFacts): HealthLine[] {
  const { config, status, installed, disk } = facts;
  return [
    runs(facts),
    room(disk),
    database(facts),
    ...clock(facts),
    ...(status === undefined ? [] : [...versions(status, installed), memory(status), ...queues(status)]),
    ...certificate(facts),
    registration(config),
    address(config),
    ...publicName(facts),
  ];
}

function runs({ status, isSilent = false }: ServerFacts): HealthLine {
  if (isSilent) {
    const remedy = 'kill -CONT it if it is stopped (state T in ps), else restart it';
    return { name: 'server', state: 'bad', text: 'it runs, and does not answer', remedy };
  }
  if (status === undefined)
    return { name: 'server', state: 'bad', text: 'it does not run', remedy: 'start it: ./copse up' };
  const { serverName, version, uptimeSeconds, database } = status;
  const text = `${serverName}, Copse ${version}, for ${durationText(uptimeSeconds)}, on ${database.kind} of ${sizeText(database.bytes)}`;
  return { name: 'server', state: 'good', text };
}

/** After an update the server that runs is still the old one. */
function versions({ version }: Status, installed: string): HealthLine[] {
  if (version === installed) return [];
  const text = `Copse ${version} runs, and ${installed} is installed`;
  return [{ name: 'version', state: 'bad', text, remedy: 'restart the server' }];
}

function room({ free, total }: ServerFacts['disk']): HealthLine {
  const text = `${sizeText(free)} of ${sizeText(total)} are free`;
  if (free >= Math.min(LEAST_FREE, total * LEAST_PART)) return { name: 'disk', state: 'good', text };
  const remedy = 'make room: copse media purge --older-than 30d takes copies of others away';
  return { name: 'disk', state: 'bad', text, remedy };
}

/** A write that takes so long keeps everybody waiting. */
const SLOW_MS = 2000;
const MOST_TAKEN = 0.9;

function database({ status, health, file }: ServerFacts): HealthLine {
  const name = 'database';
  if (typeof file === 'string')
    return {
      name,
      state: 'bad',
      text: `its file is damaged: ${file}`,
      remedy: 'stop the server, and put a backup back',
    };
  const whole = file === undefined ? 'its file is whole' : undefined;
  if (health === undefined) {
    const text = [
      status === undefined ? 'no server says whether it can be written' : 'it is not known whether it can be written',
      whole,
    ];
    return { name, state: 'unknown', text: joined(text) };
  }
  const { writeMs, error, connections } = health.database;
  if (writeMs === null)
    return {
      name,
      state: 'bad',
      text: `it cannot be written: ${error}`,
      remedy: 'see its disk, its log, and who else holds it',
    };
  const taken = connections === null ? undefined : `${connections.taken} of ${connections.most} connections are taken`;
  const text = joined([`a write took ${Math.round(writeMs)} ms`, taken, whole]);
  if (writeMs > SLOW_MS) return { name, state: 'bad', text, remedy: 'look at the load of its disk (iostat -x 1)' };
  if (connections !== null && connections.taken >= connections.most * MOST_TAKEN)
    return { name, state: 'bad', text, remedy: 'raise max_connections of PostgreSQL, or lower database.connections' };
  return { name, state: 'good', text };
}

function joined(texts: readonly (string | undefined)[]): string {
  return texts.filter(text => text !== undefined).join('; ');
}

/** What nobody notices. */
const SKEW_MS = 60_000;
const ENOUGH_SERVERS = 3;

/** By other servers where enough have answered, else by that of PostgreSQL. */
function clock({ health, now }: ServerFacts): HealthLine[] {
  const name = 'clock';
  const { clocks, database } = health ?? {};
  const remedy = 'timedatectl set-ntp true';
  const seen: (readonly [number, string])[] = [
    ...(clocks !== undefined && clocks.servers >= ENOUGH_SERVERS
      ? [[clocks.aheadMs, `the middle one of ${clocks.servers} servers`] as const]
      : []),
    ...(database?.now == null ? [] : [[database.now - now, 'that of the database'] as const]),
  ];
  const [first] = seen;
  if (first === undefined) {
    // Whoever keeps to itself needs no time of others.
    if (health !== undefined && clocks === undefined) return [];
    const text = `there is nothing to compare it with: ${clocks?.servers ?? 0} servers have answered since the start`;
    return [{ name, state: 'unknown', text, remedy: 'timedatectl says whether it is kept right' }];
  }
  const wrong = seen.find(([ahead]) => Math.abs(ahead) > SKEW_MS);
  if (wrong === undefined) return [{ name, state: 'good', text: `as ${first[1]}` }];
  const [ahead, whose] = wrong;
  const text = `ours is ${spanText(ahead)} ${ahead > 0 ? 'behind' : 'ahead of'} ${whose}`;
  return [{ name, state: 'bad', text, remedy }];
}

function memory({ memory: { residentBytes, limit, level } }: Status): HealthLine {
  const text = `${sizeText(residentBytes)} of ${sizeText(limit)}, ${level}`;
  if (level !== 'critical') return { name: 'memory', state: 'good', text };
  return { name: 'memory', state: 'bad', text, remedy: 'raise `memory` in the settings, or let fewer users in' };
}

function queues({ outbound, missing }: Status): HealthLine[] {
  if (outbound === undefined || missing === undefined) return [];
  const sick = missing.missing > 0 || missing.waiting > 0 ? missing.ageSeconds > LATE_SECONDS : false;
  const text = `${outbound.failing} servers do not take what they are sent; ${missing.missing} events are missing, ${missing.lost} lost`;
  const remedy = 'copse doctor federation says why';
  return [{ name: 'others', state: sick ? 'bad' : 'good', text, ...(sick && { remedy }) }];
}

/** It is renewed when a third of its time is left. */
const LEAST_LEFT = 1 / 6;

/** The one that an authority issues to this server. */
function certificate({ status, now }: ServerFacts): HealthLine[] {
  if (status?.certificate === undefined) return [];
  const { from, until, problem } = status.certificate;
  const [, text] = certificateRow(status.certificate);
  const isShort = from === undefined || until === undefined || until - now < (until - from) * LEAST_LEFT;
  if (problem === undefined && !isShort) return [{ name: 'tls', state: 'good', text }];
  const remedy =
    problem === undefined
      ? 'see in the log what the authority is asked and answers (tls.acme)'
      : 'let port 80 of each name lead here (tls.acme.port, docs/reverse-proxy.md); it is tried again by itself';
  // Other servers go on trusting one that is good for a while.
  return [{ name: 'tls', state: isShort ? 'bad' : 'unknown', text, remedy }];
}

function registration({ registration: { mode, proof_of_work: proof } }: Config): HealthLine {
  if (mode !== 'open') return { name: 'accounts', state: 'good', text: `registration is ${mode}` };
  if (proof.when !== 'never')
    return { name: 'accounts', state: 'good', text: 'registration is open, with a computation that slows robots down' };
  const remedy = 'set registration.mode to token or approval, or proof_of_work.when to under_load';
  return { name: 'accounts', state: 'bad', text: 'registration is open to everybody without any check', remedy };
}

function address({ public_base_url: url, federation }: Config): HealthLine {
  if (url !== undefined) return { name: 'address', state: 'good', text: url };
  if (!federation.enabled)
    return { name: 'address', state: 'good', text: 'none set, and none needed: this server keeps to itself' };
  const remedy =
    'set public_base_url, so that clients and other servers are told where this server is (docs/reverse-proxy.md)';
  return {
    name: 'address',
    state: 'unknown',
    text: 'none set: nobody can say whether others find this server',
    remedy,
  };
}

/** What is found by the public name; whether others come to it is seen only from outside. */
function publicName({ config, ourselves }: ServerFacts): HealthLine[] {
  const name = 'name';
  if (ourselves === undefined || config.public_base_url === undefined) return [];
  const { server, findings, unproven } = ourselves;
  if (findings.length > 0)
    return findings.map(({ cause, title, proof, repair }) => ({
      name,
      state: 'bad',
      text: `${cause} ${title}: ${proof[0] ?? ''}`,
      remedy: repair?.lines.join('\n') ?? `copse doctor federation --explain ${cause}`,
    }));
  const [unreached] = unproven.filter(line => line.startsWith(server));
  if (unreached !== undefined)
    return [
      { name, state: 'unknown', text: unreached, remedy: 'have another Copse look: copse doctor federation --vantage' },
    ];
  return [{ name, state: 'good', text: `${server} leads here, as seen from here` }];
}

/** The lines for people, and the exit code: 0 good, 1 bad, 2 not provable. */
export function healthText(lines: readonly HealthLine[]): { readonly text: string; readonly code: 0 | 1 | 2 } {
  const shown = lines.flatMap(({ name, state, text, remedy }) => [
    `${name.padEnd(9)} ${state.padEnd(7)} ${text}`,
    ...(remedy?.split('\n') ?? []).map(line => `${''.padEnd(18)}${line}`),
  ]);
  const states = lines.map(({ state }) => state);
  const code = states.includes('bad') ? 1 : states.includes('unknown') ? 2 : 0;
  return { text: [...shown, 'For other servers: copse doctor federation [SERVER]'].join('\n'), code };
}
