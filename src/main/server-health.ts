import { durationText, type Status, sizeText } from '../cli/status-text.ts';
import type { Config } from '../config/schema.ts';

/** What is looked at beside federation. */
export interface ServerFacts {
  readonly config: Config;
  /** Undefined: no server runs on the data folder. */
  readonly status: Status | undefined;
  /** The version of the program that asks. */
  readonly installed: string;
  /** Bytes that are free where the data lie, and bytes in all. */
  readonly disk: { readonly free: number; readonly total: number };
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
export function serverHealth({ config, status, installed, disk }: ServerFacts): HealthLine[] {
  return [
    runs(status),
    room(disk),
    ...(status === undefined ? [] : [...versions(status, installed), memory(status), ...queues(status)]),
    registration(config),
    address(config),
  ];
}

function runs(status: Status | undefined): HealthLine {
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

/** The lines for people, and the exit code: 0 good, 1 bad, 2 not provable. */
export function healthText(lines: readonly HealthLine[]): { readonly text: string; readonly code: 0 | 1 | 2 } {
  const shown = lines.flatMap(({ name, state, text, remedy }) => [
    `${name.padEnd(9)} ${state.padEnd(7)} ${text}`,
    ...(remedy === undefined ? [] : [`${''.padEnd(18)}${remedy}`]),
  ]);
  const states = lines.map(({ state }) => state);
  const code = states.includes('bad') ? 1 : states.includes('unknown') ? 2 : 0;
  return { text: [...shown, 'For other servers: copse doctor federation [SERVER]'].join('\n'), code };
}
