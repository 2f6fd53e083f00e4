import type { Assignment, Board } from '../boards/board.ts';
import { besideOf, MIB } from './budget.ts';
import { inOrder, isOf, Layout } from './layout.ts';
import { isMeant, type Part } from './part.ts';
import { type PartsInput, partsOf, undone } from './parts.ts';
import { askedOf, grant, slotsOf } from './slots.ts';

export interface PlacementInput extends PartsInput {
  /** What is to run now, also what is leaving. */
  readonly current: readonly Assignment[];
}

export interface Placement {
  /** What shall run, on boards that live and are not being emptied. */
  readonly assignments: readonly Assignment[];
  /** What a board had that is dead, or shall be emptied, and what nobody else can have: it stays there. */
  readonly waiting: readonly Assignment[];
  /** In words: what cannot be as it is wanted, why, and what helps. */
  readonly faults: readonly string[];
}

/**
 * What shall run where. What runs and is as it should be stays; the rest goes where there is room, and processes of one
 * part onto different boards. Where a part would have no process at all, everything is laid out anew, smaller if need be.
 * The same input gives the same answer, and what it gives is not changed by asking again.
 */
export function place(input: PlacementInput): Placement {
  const { boards, settings, outside } = input;
  const { parts, faults } = partsOf(input);
  const slots = slotsOf(settings.connections, outside.length);
  const asked = new Map(parts.map(part => [part, askedOf(part, boards)]));
  const granted = grant(asked, slots);
  const plan = firstBest(input, granted);
  const waiting = parts.flatMap(part => waitingOf(part, input, (granted.get(part) ?? 0) - plan.placedOf(part).length));
  const cutOff = boards.filter(({ isCutOff }) => isCutOff).map(({ name }) => cutOffText(name));
  const lacking = undone(parts, outside).map(role => `Nobody does ${role}: no part has this role.`);
  const short = parts.flatMap(part => {
    const stays = waiting.filter(one => one.part === part.name);
    return faultsOf(part, {
      ...input,
      stays,
      layout: plan,
      asked: asked.get(part) ?? 0,
      granted: granted.get(part) ?? 0,
    });
  });
  return {
    assignments: inOrder(plan.placed),
    waiting: inOrder(waiting),
    faults: [...faults, ...cutOff, ...lacking, ...short],
  };
}

type Granted = ReadonlyMap<Part, number>;

/** Of what is laid out around what runs, and of two that begin anew, the first in which fewest parts have nobody. */
function firstBest(input: PlacementInput, granted: Granted): Layout {
  const kept = layOut(input, granted, true);
  let fewest = unserved(kept, input, granted);
  let best = kept;
  if (fewest === 0) return kept;
  const smaller = new Map([...granted].map(([part, count]) => [{ ...part, memory: part.least }, count]));
  for (const counts of [granted, smaller]) {
    const anew = layOut(input, counts, false);
    const lacking = unserved(anew, input, granted);
    if (lacking < fewest) [best, fewest] = [anew, lacking];
  }
  return best;
}

function unserved(layout: Layout, input: PlacementInput, granted: Granted): number {
  const isUnserved = ([part, count]: [Part, number]) =>
    count > 0 && layout.placedOf(part).length === 0 && waitingOf(part, input, count).length === 0;
  return [...granted].filter(isUnserved).length;
}

function layOut({ boards, outside, current }: PlacementInput, granted: Granted, isKeeping: boolean): Layout {
  const kept = isKeeping ? current.filter(({ isLeaving }) => !isLeaving) : [];
  const layout = new Layout({ boards, outside, kept, taken: current, isReplacing: !isKeeping });
  for (const [part, count] of granted) layout.keep(part, count);
  // Each round places one more or makes stacks lower, so that there is an end.
  do fill(layout, granted);
  while ([...granted.keys()].some(part => layout.unstack(part)));
  return layout;
}

/** First one of each part, then a second one each, and so on. */
function fill(layout: Layout, granted: Granted): void {
  const full = new Set<Part>();
  const most = Math.max(0, ...granted.values());
  for (let copies = 1; copies <= most; copies++)
    for (const [part, count] of granted) {
      const isMissing = copies <= count && layout.placedOf(part).length < copies;
      if (isMissing && !full.has(part) && !layout.add(part)) full.add(part);
    }
}

/** What a part has on boards that take nothing new: as many as are missing; on dead boards that have one each, all of it. */
function waitingOf(part: Part, { boards, current }: PlacementInput, missing: number): Assignment[] {
  const closed = new Map(
    boards
      .filter(board => (!board.isAlive || board.isCordoned) && isMeant(part, board))
      .map(board => [board.name, board]),
  );
  const there = inOrder(current.filter(one => !one.isLeaving && one.part === part.name && isOf(part, one)));
  if (part.count === 'each') return there.filter(({ board }) => closed.get(board)?.isCordoned === false);
  // What lives is worth more than what may come back.
  const isLiving = ({ board }: Assignment) => closed.get(board)?.isAlive === true;
  const candidates = there.filter(({ board }) => closed.has(board));
  const living = candidates.filter(isLiving);
  return [...living, ...candidates.filter(one => !isLiving(one))].slice(0, Math.max(0, missing));
}

interface PartFate extends PlacementInput {
  readonly layout: Layout;
  readonly stays: readonly Assignment[];
  readonly asked: number;
  readonly granted: number;
}

function faultsOf(part: Part, fate: PartFate): string[] {
  const { boards, layout, stays, asked, granted, settings, outside } = fate;
  const faults: string[] = [];
  const meant = boards.filter(board => isMeant(part, board));
  if (meant.length === 0) return [`${part.name}: no board is called or labelled ${part.boards.join(' or ')}.`];
  if (granted < asked) {
    const enough = slotsOf(settings.connections, outside.length);
    faults.push(
      `${part.name}: ${granted} of ${asked}, since database.connections: ${settings.connections} is enough for ` +
        `${Math.max(0, enough)} processes (two each). Ten for each does well.`,
    );
  }
  const lacking = granted - layout.placedOf(part).length;
  if (lacking > 0 || (asked === 0 && part.kind === 'role')) faults.push(...lackOf(part, meant, lacking, fate));
  for (const { board, process } of stays) faults.push(...stayOf(process, boards, board));
  return faults;
}

function cutOffText(board: string): string {
  return `${board} answers, but the database hears of no process there: what it ran is elsewhere until one gets through.`;
}

function stayOf(process: string, boards: readonly Board[], name: string): string[] {
  const board = boards.find(one => one.name === name);
  if (board?.isAlive === false)
    return [`${process} waits for ${name}, which is ${board.isCutOff ? 'cut off from the database' : 'dead'}.`];
  return [`${process} stays on ${name}, which is to be emptied: there is room nowhere else.`];
}

function lackOf(part: Part, meant: readonly Board[], lacking: number, { layout }: PartFate): string[] {
  const { name, count, least } = part;
  const open = meant.filter(({ isAlive, isCordoned }) => isAlive && !isCordoned);
  if (open.length === 0) return [`${name}: ${meant.map(board => `${board.name} ${closedText(board)}`).join(', ')}.`];
  const silent = open.filter(({ facts }) => facts === undefined).map(board => board.name);
  const need = least + besideOf(part);
  const [best] = layout.roomFor(part);
  const room = best === undefined ? 'no board has any' : `${best.board} has most, ${mib(Math.max(0, best.free))}`;
  const wanted = count === 'each' ? open.length : count;
  return [
    `${name}: ${lacking} of ${wanted} has no room: it needs ${mib(need)} on one board, and ${room}. ` +
      `Add a board, or ask for fewer processes or less memory.${silent.length > 0 ? ` ${silent.join(', ')} has not told yet what it has.` : ''}`,
  ];
}

function closedText({ isAlive, isCutOff, facts }: Board): string {
  if (isAlive) return 'is to be emptied';
  if (isCutOff) return 'is cut off from the database';
  return facts === undefined ? 'has not spoken yet (copse agent)' : 'is dead';
}

function mib(bytes: number): string {
  return `${Math.floor(bytes / MIB)} MiB`;
}
