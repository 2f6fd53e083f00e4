import type { Plant } from './mortal-database.ts';

/** A bug that a world has to find: statements that are left out, now and then or always. */
interface PlantedBug {
  readonly about: string;
  readonly statement: RegExp;
  /** Every so many of these statements is left out. */
  readonly every: number;
}

export const PLANTED_BUGS: Readonly<Record<string, PlantedBug>> = {};

/** The bug of that name, as it acts in one world. */
export function plantNamed(name: string | undefined): Plant | undefined {
  if (name === undefined) return undefined;
  const bug = PLANTED_BUGS[name];
  if (bug === undefined) throw new RangeError(`there is no planted bug ${name}`);
  let seen = 0;
  return text => (bug.statement.test(text) && ++seen % bug.every === 0 ? 'skip' : 'run');
}
