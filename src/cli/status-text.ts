import type { AccountUsage } from '../base/budget.ts';
import type { MemoryLevel } from '../base/memory-guard.ts';
import type { BusStatus } from '../bus/nats-bus.ts';
import type { ClusterStatus } from '../cluster/cluster-status.ts';
import type { MissingStatus } from '../federation/gaps/missing-status.ts';
import { progressText } from '../federation/joining/join-progress.ts';
import type { JoinsStatus, UnfinishedRoom } from '../federation/joining/join-status.ts';
import type { OutboundStatus } from '../federation/outbound/outbound-status.ts';
import { type BoardsStatus, boardRows } from './board-text.ts';
import { type CertificateStatus, certificateRow } from './certificate-text.ts';
import { durationText, sizeText } from './size-text.ts';

export interface Listener {
  /** What it serves: `clients and servers`, `metrics`. */
  readonly name: string;
  readonly url: string;
}

export interface MemoryStatus {
  readonly residentBytes: number;
  /** The setting `memory`, or what the control group allows where that is less. */
  readonly limit: number;
  readonly level: MemoryLevel;
  /** All caches together. */
  readonly caches: AccountUsage;
  /** Each of them, and each account of the budget. */
  readonly accounts: readonly AccountUsage[];
}

/** What a running server tells about itself. */
export interface Status {
  readonly version: string;
  readonly serverName: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly memory: MemoryStatus;
  readonly users: number;
  readonly rooms: number;
  /** Counted by the last number given. */
  readonly events: number;
  readonly database: { readonly kind: 'SQLite' | 'PostgreSQL'; readonly bytes: number };
  /** The bus between processes; absent where there is a single one. */
  readonly bus?: BusStatus | undefined;
  /** What of database and bus lets in whoever reaches it, each with the remedy. */
  readonly openToAll?: readonly string[] | undefined;
  /** The processes that are one server; absent where there is a single one. */
  readonly cluster?: ClusterStatus | undefined;
  /** The boards of the cluster; absent where there are none. */
  readonly boards?: BoardsStatus | undefined;
  /** What of the boards' processes cannot be as it is wanted; absent where everything is. */
  readonly placement?: readonly string[] | undefined;
  /** The certificate that is got by ACME; absent where none is. */
  readonly certificate?: CertificateStatus | undefined;
  readonly listeners: readonly Listener[];
  /** Sending to other servers; absent without federation. */
  readonly outbound?: OutboundStatus;
  /** What did not come from other servers; absent without federation. */
  readonly missing?: MissingStatus;
  /** Joins of rooms of other servers; absent without federation. */
  readonly joins?: JoinsStatus;
}

/** The status in lines for people. */
export function statusText(status: Status): string {
  const rows: [string, string][] = [
    ['server', `${status.serverName}, Copse ${status.version}, process ${status.pid}`],
    ['running for', durationText(status.uptimeSeconds)],
    ...memoryRows(status.memory),
    ['users', String(status.users)],
    ['rooms', String(status.rooms)],
    ['events', `about ${status.events}`],
    ['database', `${status.database.kind}, ${sizeText(status.database.bytes)}`],
    ...(status.bus === undefined ? [] : [busRow(status.bus)]),
    ...(status.openToAll ?? []).map((words): [string, string] => ['open to all', words]),
    ...(status.cluster === undefined ? [] : clusterRows(status.cluster)),
    ...(status.boards === undefined ? [] : boardRows(status.boards)),
    ...(status.placement ?? []).map((words): [string, string] => ['placement', words]),
    ...(status.outbound === undefined ? [] : outboundRows(status.outbound)),
    ...(status.missing === undefined ? [] : missingRows(status.missing)),
    ...(status.joins === undefined ? [] : joinRows(status.joins)),
    ...(status.certificate === undefined ? [] : [certificateRow(status.certificate)]),
    ...status.listeners.map(({ name, url }): [string, string] => [name, url]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function busRow({ server, isConnected, forSeconds, problem, others }: BusStatus): [string, string] {
  const since = durationText(forSeconds);
  if (isConnected) return ['bus', `connected to ${server} for ${since}, ${others} other processes`];
  return ['bus', `not connected for ${since}${problem === undefined ? '' : `: ${problem}`}`];
}

function clusterRows({ own, processes, unheld }: ClusterStatus): [string, string][] {
  const rows = processes.map(({ name, address, roles, isDraining, work }): [string, string] => [
    name === own ? 'this process' : 'process',
    `${name}${address === undefined ? '' : ` at ${address}`}, ${roles.join(', ') || 'everything'}${isDraining ? ', is about to end' : ''}: ${work.join(', ') || 'no work of its own'}`,
  ]);
  return unheld.length === 0 ? rows : [...rows, ['nobody does', unheld.join(', ')]];
}

/** Nothing is said of what is as it should be. */
function outboundRows(outbound: OutboundStatus): [string, string][] {
  const { active, waiting, failing, oldestSeconds, queuedEdus, queuedEduBytes, setAside, longestFailing } = outbound;
  const oldest =
    oldestSeconds < WORTH_A_LINE_SECONDS ? '' : `, the oldest event waits for ${durationText(oldestSeconds)}`;
  const rows: readonly [string, string, boolean][] = [
    ['sending', `to ${active} servers now, ${waiting} wait, ${failing} do not answer${oldest}`, true],
    ...longestFailing.map(({ server, forSeconds, reason }): [string, string, boolean] => [
      '  not answering',
      `${server} for ${durationText(forSeconds)}: ${reason}`,
      true,
    ]),
    ['  to devices', `${queuedEdus} messages wait, ${sizeText(queuedEduBytes)}`, queuedEdus > 0],
    ['  set aside', `${setAside} events or EDUs that a server cannot take; the log says which`, setAside > 0],
  ];
  return rows.filter(([, , isWorthIt]) => isWorthIt).map(([name, text]) => [name, text]);
}

const WORTH_A_LINE_SECONDS = 60;

/** Nothing is said where nothing is missing. */
function missingRows(status: MissingStatus): [string, string][] {
  const { missing, lost, ageSeconds, rooms, waiting, setAside, awaited, givenUp } = status;
  const rows: readonly (readonly [number, string, string])[] = [
    [missing, 'missing', `${missing} events, which are asked for, the first for ${durationText(ageSeconds)}`],
    [lost, 'lost', `${lost} events that no server has any more`],
    ...rooms.map(({ roomId, events }) => [events, `  ${roomId}`, `${events} of them`] as const),
    [waiting, 'waiting', `${waiting} events that came wait to be taken in`],
    [setAside, 'set aside', `${setAside} events that came could not be taken in; the log says why`],
    [awaited, 'not checked', `${awaited} events of the states of rooms, whose keys or auth events are tried for`],
    [givenUp, 'given up', `${givenUp} events of the states of rooms that are not signed rightly or cannot be checked`],
  ];
  return rows.filter(([count]) => count > 0).map(([, name, text]) => [name, text]);
}

function joinRows({ running, unfinished }: JoinsStatus): [string, string][] {
  const going = new Set(running.map(({ roomId }) => roomId));
  return [
    ...running.map((join): [string, string] => [
      'joining',
      `${join.roomId}, for ${durationText(join.forSeconds)}: ${progressText(join)}`,
    ]),
    ...unfinished
      .filter(({ roomId }) => !going.has(roomId))
      .map((room): [string, string] => ['unfinished', `${room.roomId}, ${unfinishedText(room)}`]),
  ];
}

function unfinishedText({ lacksMembers, awaited, tries, problem }: UnfinishedRoom): string {
  const what = [
    ...(lacksMembers ? ['members are still to come'] : []),
    ...(awaited > 0 ? [`${awaited} events of its state wait for keys`] : []),
  ].join(', ');
  return problem === undefined ? what : `${what}, tried ${tries} times: ${problem}`;
}

/** What takes less than this is left out. */
const WORTH_A_LINE = 256 * 1024;

function memoryRows({ residentBytes, limit, level, caches, accounts }: MemoryStatus): [string, string][] {
  const rows = [caches, ...accounts.filter(({ bytes }) => bytes >= WORTH_A_LINE)];
  return [
    ['memory', `${sizeText(residentBytes)} of ${sizeText(limit)}, ${level}`],
    ...rows.map(({ name, bytes, limit }): [string, string] => [
      `  ${name}`,
      `${sizeText(bytes)} of ${sizeText(limit)}`,
    ]),
  ];
}
