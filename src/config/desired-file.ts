import { type Desired, type DesiredPart, MOST_COPIES, PART_NAME } from '../cluster/placement/desired.ts';
import { isRole, ROLES } from '../cluster/roles.ts';
import { check } from './check.ts';
import { choice, flag, optionalSize, optionalText, section, texts } from './kinds.ts';
import { ConfigError, type Problem } from './problems.ts';
import { type ConfigSource, readSource } from './source.ts';

const COUNT = `a whole number from 1 to ${MOST_COPIES}, or \`each\``;
const LEAST = '128M';

const isCount = (value: string) => value === 'each' || (/^[1-9]\d{0,3}$/.test(value) && Number(value) <= MOST_COPIES);
const isWord = (value: string) => /^\S{1,60}$/.test(value);

const part = section('A part of the server: processes that all do the same.', {
  roles: texts(
    'What its processes do. Empty: the role that is called as the part is, and everything where none is.',
    [],
    `one of ${ROLES.join(', ')}`,
    isRole,
  ),
  count: optionalText('How many processes; `each`: one on each of its boards. Unless given, one.', COUNT, isCount),
  memory: optionalSize('What each may use. Unless given, what its roles need, and less where boards are small.', LEAST),
  boards: texts(
    'Names of boards, or labels: it runs on these alone. Empty: on any.',
    [],
    'the name of a board, or a label',
    isWord,
  ),
  spread: flag('Whether two of them are on one board only when no other has room.', true),
});

const fronts = section('The nginx or HAProxy that users and other servers reach.', {
  boards: texts(
    'Names of boards, or labels. Empty: those labelled `front`, else the board that joined first.',
    [],
    'the name of a board, or a label',
    isWord,
  ),
  program: choice(
    'Which one; `auto` takes what is installed, nginx before HAProxy, and `none` leaves it to you.',
    'auto',
    ['auto', 'nginx', 'haproxy', 'none'],
  ),
});

const REMEDY = 'Write `parts:` and below it parts as in docs/cluster.md.';

/** The file of `copse apply`: what shall run where. @throws ConfigError with every problem found */
export function readDesiredFile(file: string): Desired {
  const source = readSource(file, { what: 'The file', remedy: REMEDY });
  const names = namesOf(source);
  const schema = section('', {
    parts: section('The parts, by name. Without any Copse does what suits so many boards.', parts(names)),
    fronts,
    media_shared: flag(
      'Whether all boards reach the same folder of media; else it is served where the label `media` is.',
      false,
    ),
  });
  const { value, faults } = check(schema, source.values, path => path);
  const problems = faults.map(({ path, onKey, reason, remedy }): Problem => {
    return { where: `${file}:${source.lineOf(path, onKey)}`, reason, remedy };
  });
  if (problems.length === 0) problems.push(...misnamed(names, source));
  if (problems.length > 0) throw new ConfigError(problems);
  const desired = desiredOf(value as Given, names);
  const undone = desired.parts === undefined ? [] : rolesOfNone(Object.values(desired.parts));
  if (undone.length > 0) throw new ConfigError([nobodyDoes(undone, source)]);
  return desired;
}

interface Given {
  readonly parts?: Readonly<Record<string, GivenPart>>;
  readonly fronts: { readonly boards: string[]; readonly program: 'auto' | 'nginx' | 'haproxy' | 'none' };
  readonly media_shared: boolean;
}

type GivenPart = Omit<DesiredPart, 'count'> & { readonly count?: string };

function parts(names: readonly string[]) {
  return Object.fromEntries(names.map(name => [name, part]));
}

function namesOf({ values }: ConfigSource): string[] {
  const { parts } = values;
  return typeof parts === 'object' && parts !== null && !Array.isArray(parts) ? Object.keys(parts) : [];
}

function misnamed(names: readonly string[], source: ConfigSource): Problem[] {
  return names
    .filter(name => !new RegExp(PART_NAME).test(name))
    .map(name => ({
      where: `${source.file}:${source.lineOf(['parts', name], true)}`,
      reason: `A part cannot be called ${JSON.stringify(name)}.`,
      remedy: 'Write a word of small letters, digits and `-`, at most 20 of them.',
    }));
}

function desiredOf({ parts = {}, fronts, media_shared }: Given, names: readonly string[]): Desired {
  const { boards, program } = fronts;
  return {
    ...(names.length > 0 && { parts: Object.fromEntries(names.map(name => [name, partOf(name, parts[name])])) }),
    fronts: { boards, ...(program !== 'auto' && { program }) },
    media_shared,
  };
}

function partOf(name: string, given: GivenPart | undefined): DesiredPart {
  const { roles = [], count = '1', boards = [], spread = true, memory } = given ?? {};
  return {
    roles: roles.length === 0 && isRole(name) ? [name] : roles,
    count: count === 'each' ? count : Number(count),
    ...(memory !== undefined && { memory }),
    boards,
    spread,
  };
}

function rolesOfNone(all: readonly DesiredPart[]): string[] {
  return ROLES.filter(role => !all.some(({ roles }) => roles.length === 0 || roles.includes(role)));
}

function nobodyDoes(roles: readonly string[], source: ConfigSource): Problem {
  return {
    where: `${source.file}:${source.lineOf(['parts'], true)}`,
    reason: `No part does ${roles.join(', ')}.`,
    remedy: `Give a part these roles, or add one that does everything: \`all: {}\`.`,
  };
}
