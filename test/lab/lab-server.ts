import { TestLab } from './test-lab.ts';

/** A server on four boards as clients see it: through the front of the first one. */
export class LabServer implements AsyncDisposable {
  readonly #world: TestLab;

  private constructor(world: TestLab) {
    this.#world = world;
  }

  static async start(config: Readonly<Record<string, unknown>> = {}): Promise<LabServer> {
    return new LabServer(await TestLab.start({ config }));
  }

  get url(): string {
    return this.#world.lab.urls[0] ?? '';
  }

  /** All boards at once lose their power. */
  async kill9(): Promise<void> {
    await Promise.all(this.#world.boards.map(board => this.#world.lab.kill(board)));
  }

  async restart(): Promise<void> {
    for (const board of this.#world.boards) this.#world.lab.heal(board);
    await this.#world.lab.ready();
  }

  stop(): Promise<void> {
    return this.#world[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
