import type { Board } from '../boards/board.ts';
import { ROLES, type Role } from '../roles.ts';
import { besideOf, capacityOf, doesRole, FRONT_MEMORY, LEAST_MEMORY, memoryOf, rounded } from './budget.ts';
import type { Desired, DesiredPart } from './desired.ts';
import type { Engine } from './engines.ts';
import { isMeant, type Outside, type Part } from './part.ts';
import { askedOf, grant, slotsOf } from './slots.ts';

/** What the settings of the server say that matters here. */
export interface PlacementSettings {
  /** `memory`: of a process that does everything. */
  readonly memory: number;
  /** `database.connections` */
  readonly connections: number;
  /** What may be on a board besides processes of the server. */
  readonly engines?: readonly Engine[];
}

export interface PartsInput {
  readonly desired: Desired;
  readonly boards: readonly Board[];
  readonly outside: readonly Outside[];
  readonly settings: PlacementSettings;
}

/** The parts that the server shall have, and in words what of it cannot be. */
export interface Parts {
  readonly parts: readonly Part[];
  readonly faults: readonly string[];
}

/** From so many boards on each kind of work has processes of its own (decision 0130). */
const SEPARATE_FROM = 4;
const FEW_BOARDS = 6;
/** There are 16 shards. */
const MOST_OF_ROOMS = 16;

/** What the operator wants; what he did not say is said here. */
export function partsOf(input: PartsInput): Parts {
  const { desired, boards } = input;
  const said = desired.parts === undefined ? defaultParts(input) : Object.entries(desired.parts);
  const fronts = frontsOf(desired, boards);
  const wanted = said.map(([name, part]): [string, DesiredPart] => {
    const count = desired.counts?.[name] ?? part.count;
    return [name, { ...part, count, boards: isMediaAlone(part) ? mediaPlaces(desired, boards) : part.boards }];
  });
  const unknown = Object.keys(desired.counts ?? {}).filter(name => !said.some(([part]) => part === name));
  return {
    parts: [...fronts.parts, ...sized(wanted, input)],
    faults: [
      ...fronts.faults,
      ...wanted.flatMap(named => strayMedia(named, input)),
      ...unknown.map(name => `${name}: there is no such part; the parts are ${said.map(([part]) => part).join(', ')}.`),
    ],
  };
}

function defaultParts(input: PartsInput): [string, DesiredPart][] {
  const { boards, settings, outside } = input;
  const slots = slotsOf(settings.connections, outside.length);
  const separate = separateParts(input);
  if (boards.length < SEPARATE_FROM || slots < separate.length) return wholeParts(input);
  // Nobody asked for so many, so nobody is told that some are left out.
  const counted = new Map(sized(separate, input).map(part => [part, askedOf(part, boards)]));
  const granted = new Map([...grant(counted, slots)].map(([part, count]) => [part.name, count]));
  return separate.map(([name, part]) => {
    const count = part.count === 'each' ? part.count : Math.max(1, granted.get(name) ?? 1);
    return [name, { ...part, count }];
  });
}

/** One process for everything on each board, and media where they lie. */
function wholeParts({ desired, boards, outside }: PartsInput): [string, DesiredPart][] {
  const isServed = (board: Board) => outside.some(({ board: at, roles }) => at === board.name && roles.length === 0);
  const free = boards.filter(board => !isServed(board));
  const places = mediaPlaces(desired, boards);
  const withMedia = free.filter(board => desired.media_shared === true || isMeant({ boards: places }, board));
  const without = free.filter(board => !withMedia.includes(board));
  const each = (on: readonly Board[]) => ({ count: 'each' as const, boards: on.map(({ name }) => name), spread: true });
  const parts: [string, DesiredPart][] = [
    ['all', { roles: [], ...each(withMedia) }],
    ['all-but-media', { roles: ROLES.filter(role => role !== 'media'), ...each(without) }],
  ];
  return parts.filter(([, part]) => part.boards.length > 0);
}

function separateParts({ desired, boards }: PartsInput): [string, DesiredPart][] {
  const many = boards.length;
  const isFew = many < FEW_BOARDS;
  const part = (roles: Role[], least: number, boardsOfOne: number): DesiredPart => {
    return { roles, count: Math.max(least, Math.ceil(many / boardsOfOne)), boards: [], spread: true };
  };
  const media = part(['media'], 1, 8);
  const work = part(['push', 'appservice', 'maintenance', 'doctor'], isFew ? 1 : 2, Number.POSITIVE_INFINITY);
  const rooms = part(['rooms'], 2, 6);
  return [
    ['client', part(['client'], 2, 6)],
    ['sync', part(['sync', 'initial-sync'], 2, 4)],
    ['rooms', { ...rooms, count: Math.min(MOST_OF_ROOMS, Number(rooms.count)) }],
    ['federation', part(['federation-in', 'federation-out'], isFew ? 1 : 2, 8)],
    ['work', work],
    [
      'media',
      desired.media_shared === true ? media : { ...media, count: 'each', boards: mediaPlaces(desired, boards) },
    ],
  ];
}

/** Where the folder of media is: on the boards labelled so, else on the first one. */
function mediaPlaces({ media_shared: isShared }: Desired, boards: readonly Board[]): string[] {
  if (isShared === true) return [];
  return boards.some(({ labels }) => labels.includes('media')) ? ['media'] : boards.slice(0, 1).map(({ name }) => name);
}

/** A part of which nothing is said but that it serves media: it runs where these are. */
function isMediaAlone({ roles, boards }: DesiredPart): boolean {
  return boards.length === 0 && roles.join() === 'media';
}

/** Who asks a process for a file that lies on another board gets nothing. */
function strayMedia([name, part]: readonly [string, DesiredPart], { desired, boards }: PartsInput): string[] {
  const places = { boards: mediaPlaces(desired, boards) };
  const strays = boards.filter(board => isMeant(part, board) && !isMeant(places, board)).map(board => board.name);
  if (strays.length === 0 || !doesRole(part.roles, 'media')) return [];
  return [
    `${name} serves media and may run on ${strays.join(', ')}, where the folder of media is not. Say \`media_shared: true\` ` +
      'if it is, or give the part `boards: [media]`, or roles without media.',
  ];
}

/** Half of the memory of all boards, and not more, so that there is room for what a dead board had and for further copies. */
function sized(wanted: readonly (readonly [string, DesiredPart])[], input: PartsInput): Part[] {
  const { boards, outside, settings } = input;
  const ideal = ({ roles }: DesiredPart) => (isWhole(roles) ? settings.memory : memoryOf(roles));
  const taken = outside.reduce((sum, { memory }) => sum + memory, 0);
  const room = boards.reduce((sum, board) => sum + capacityOf(board), -taken) / 2;
  const needs = wanted.reduce((sum, [, part]) => {
    const count = part.count === 'each' ? 0 : part.count;
    return sum + count * ((part.memory ?? ideal(part)) + besideOf({ kind: 'role', roles: part.roles }));
  }, 0);
  const scale = needs === 0 ? 1 : Math.min(1, Math.max(0, room / needs));
  return wanted.map(([name, { memory, ...part }]): Part => {
    const most = ideal({ ...part });
    const scaled = part.count === 'each' ? most : Math.max(LEAST_MEMORY, rounded(most * scale));
    // What the setting is differs from process to process; one that runs stays as it is.
    const upTo = isWhole(part.roles) ? Number.POSITIVE_INFINITY : most;
    const sizes = memory === undefined ? { memory: scaled, least: LEAST_MEMORY, most: upTo } : fixed(memory);
    return { name, kind: 'role', ...part, ...sizes };
  });
}

/** Whether a process does nearly everything, as one alone does. */
function isWhole({ length }: readonly Role[]): boolean {
  return length === 0 || length >= ROLES.length - 1;
}

function fixed(memory: number) {
  return { memory, least: memory, most: memory };
}

function frontsOf({ fronts }: Desired, boards: readonly Board[]): Parts {
  if (fronts?.program === 'none') return { parts: [], faults: [] };
  const places = frontPlaces(fronts?.boards ?? [], boards);
  const meant = boards.filter(board => board.facts !== undefined && isMeant({ boards: places }, board));
  const programs = fronts?.program === undefined ? (['nginx', 'haproxy'] as const) : [fronts.program];
  const programOf = ({ facts }: Board) => programs.find(program => facts?.programs.includes(program));
  const missing = meant.filter(board => programOf(board) === undefined);
  const parts = programs.map((program): Part => {
    const on = meant.filter(board => programOf(board) === program).map(({ name }) => name);
    return { name: program, kind: 'front', roles: [], count: 'each', boards: on, spread: true, ...fixed(FRONT_MEMORY) };
  });
  return {
    parts: parts.filter(part => part.boards.length > 0),
    faults: missing.map(
      ({ name }) =>
        `${name} has no front: ${programs.join(' or ')} is not installed there. Install it, or say \`fronts: { program: none }\` where there is one of yours.`,
    ),
  };
}

function frontPlaces(said: readonly string[], boards: readonly Board[]): readonly string[] {
  if (said.length > 0) return said;
  return boards.some(({ labels }) => labels.includes('front')) ? ['front'] : boards.slice(0, 1).map(({ name }) => name);
}

/** Roles that no part does. */
export function undone(parts: readonly Pick<Part, 'kind' | 'roles'>[], outside: readonly Outside[] = []): Role[] {
  const of = [...parts.filter(({ kind }) => kind === 'role'), ...outside] as readonly {
    readonly roles: readonly Role[];
  }[];
  return ROLES.filter(role => !of.some(({ roles }) => doesRole(roles, role)));
}
