import type { Board } from '../boards/board.ts';

/** Boards that fall silent one after the other within this time fell silent at once: twice the time between reports. */
export const SETTLING_MS = 4000;

export interface SilenceInput {
  readonly boards: readonly Board[];
  /** Those whose work was given to others before. */
  readonly givenUp: ReadonlySet<string>;
  /** For how long a board has been seen to be dead. */
  deadFor(board: string): number;
}

/** What is to be made of boards that do not speak. */
export interface Verdict {
  /** As placement is to see them: one that is not given up counts as living. */
  readonly boards: readonly Board[];
  /** To be given up now. */
  readonly lost: readonly string[];
  /** Given up before, and back. */
  readonly back: readonly string[];
  /** Why nothing may be moved, for people; undefined where it may. */
  readonly pause: string | undefined;
}

/**
 * A dead board's work goes elsewhere. But when more than a third of the boards fall silent at once, and more than one, that
 * is the network or the power: whatever is moved then is moved for nothing, and onto boards that may be next.
 */
export function judgeSilence({ boards, givenUp, deadFor }: SilenceInput): Verdict {
  // One that never spoke has nothing that could be given to others.
  const known = boards.filter(({ name, facts }) => facts !== undefined && !givenUp.has(name));
  const silent = known.filter(({ isAlive }) => !isAlive);
  const back = boards.filter(({ name, isAlive }) => isAlive && givenUp.has(name)).map(({ name }) => name);
  const isOutage = silent.length > 1 && silent.length > known.length / 3;
  const lost = isOutage ? [] : silent.filter(({ name }) => deadFor(name) >= SETTLING_MS).map(({ name }) => name);
  const isDead = ({ name, facts, isAlive }: Board) =>
    !isAlive && (facts === undefined || givenUp.has(name) || lost.includes(name));
  return {
    boards: boards.map(board => ({
      ...board,
      isAlive: !isDead(board),
      isCutOff: board.isCutOff === true && isDead(board),
    })),
    lost,
    back,
    pause: isOutage ? pauseText(silent, known.length) : undefined,
  };
}

function pauseText(silent: readonly Board[], of: number): string {
  const names = silent.map(({ name }) => name).join(', ');
  const what = silent.some(({ isCutOff }) => isCutOff) ? ' or cut off from the database' : '';
  return (
    `${silent.length} of ${of} boards are silent${what} at once (${names}). That looks like the network or the power, so nothing ` +
    'is moved. For a board that is dead for good: copse node rm NAME.'
  );
}
