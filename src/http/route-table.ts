/** What this listener serves: for telling 405 from 404, for generated proxy configuration and for tests of coverage. */
export class RouteTable {
  readonly #routes: { readonly method: string; readonly path: string; readonly matches: RegExp }[] = [];

  add(method: string, path: string): void {
    const pattern = path
      .split('/')
      .map(part => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('/');
    this.#routes.push({ method, path, matches: new RegExp(`^${pattern}$`) });
  }

  /** The methods that a raw path answers to. */
  methodsAt(path: string): string[] {
    return [...new Set(this.#routes.filter(route => route.matches.test(path)).map(route => route.method))];
  }

  get all(): readonly { readonly method: string; readonly path: string }[] {
    return this.#routes.map(({ method, path }) => ({ method, path }));
  }
}
