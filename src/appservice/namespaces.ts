import { runInNewContext } from 'node:vm';

export interface Namespace {
  readonly pattern: RegExp;
  /** Whether nobody else may make what fits it. */
  readonly exclusive: boolean;
}

/** The namespaces of one kind (application service API, "Registration"). */
export class NamespaceSet<T extends string> {
  readonly #namespaces: readonly Namespace[];

  constructor(namespaces: readonly Namespace[]) {
    this.#namespaces = namespaces;
  }

  get isEmpty(): boolean {
    return this.#namespaces.length === 0;
  }

  has(name: T): boolean {
    return this.#namespaces.some(({ pattern }) => pattern.test(name));
  }

  hasExclusively(name: T): boolean {
    return this.#namespaces.some(({ pattern, exclusive }) => exclusive && pattern.test(name));
  }
}

/**
 * The pattern of a namespace. It has to fit from the beginning of a name, not to its end, as other servers have it:
 * registrations are written for them.
 *
 * @throws SyntaxError
 */
export function namespacePattern(regex: string): RegExp {
  return new RegExp(`^(?:${regex})`);
}

/** The longest name that there is. */
const LONGEST = 255;
/**
 * For one name; what it takes a good pattern is not to be measured. A machine that does much else may stop it for a while:
 * only who gets lost in the second try too is lost.
 */
const TRIES_MS = [50, 2000];

/**
 * Whether the pattern takes so long over some name that whoever chooses such a name holds up the server. Tried with
 * long names of one letter behind the pattern's plain beginning, which is what patterns with repetitions in
 * repetitions get lost in.
 */
export function isSlow(pattern: RegExp): boolean {
  const beginning = /^\^\(\?:([\w@#!:.-]*)/.exec(pattern.source)?.[1] ?? '';
  const letters = new Set([...pattern.source.replace(/[^\w]/g, ''), ...'a0_-./=@:#!']);
  return [...letters].some(letter => {
    const begins = [beginning, beginning.slice(0, -1), beginning.slice(0, 1)];
    return begins.some(begin => {
      const name = `${begin.padEnd(LONGEST - 1, letter)}\0`;
      return TRIES_MS.every(ms => takesLong(pattern, name, ms));
    });
  });
}

function takesLong(pattern: RegExp, name: string, timeout: number): boolean {
  try {
    runInNewContext('pattern.test(name)', { pattern, name }, { timeout });
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return true;
    throw error;
  }
}
