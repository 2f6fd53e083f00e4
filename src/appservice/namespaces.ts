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
