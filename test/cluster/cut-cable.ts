import { connect, createServer, type Server, type Socket } from 'node:net';

/** A cable to PostgreSQL that can be cut: nothing comes through then, and nobody is told. */
export class CutCable implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(target: URL) {
    this.#server = createServer(near => {
      const far = connect(Number(target.port), target.hostname);
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  static async to(url: string): Promise<CutCable> {
    const cable = new CutCable(new URL(url));
    await new Promise<void>(resolve => cable.#server.listen(0, '127.0.0.1', resolve));
    return cable;
  }

  /** The same database through the cable. */
  through(url: string): string {
    const own = new URL(url);
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the cable lies nowhere');
    own.hostname = '127.0.0.1';
    own.port = String(address.port);
    return own.href;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', data => void to.write(data));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#isCut) from.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }
}
