import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Machine } from '../../src/cluster/lab/lab-plan.ts';

const LOOK_MS = 1000;

/**
 * One address for the fronts of a lab, as keepalived would give them: connections go to the first that answers, and those of one
 * that does not answer any more are closed.
 */
export class SharedAddress implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Map<Socket, Machine>();
  #looking: NodeJS.Timeout | undefined;
  #front: Machine | undefined;

  private constructor() {
    this.#server = createServer(socket => this.#pass(socket));
  }

  static async open(): Promise<SharedAddress> {
    const address = new SharedAddress();
    address.#server.listen(0, '0.0.0.0');
    await once(address.#server, 'listening');
    return address;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on it leads to these. */
  follow(fronts: readonly Machine[]): void {
    const look = async () => {
      const answers = await Promise.all(fronts.map(isAnswering));
      this.#front = fronts.find((_, at) => answers[at]);
      for (const [socket, front] of this.#open) if (!answers[fronts.indexOf(front)]) socket.destroy();
      this.#looking = setTimeout(look, LOOK_MS);
    };
    void look();
  }

  #pass(socket: Socket): void {
    const front = this.#front;
    if (front === undefined) return void socket.destroy();
    const passed = connect(FEDERATION_PORT, front.address);
    this.#open.set(socket, front);
    for (const [one, other] of [
      [socket, passed],
      [passed, socket],
    ] as const) {
      one.pipe(other);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    socket.on('close', () => this.#open.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#looking);
    for (const socket of this.#open.keys()) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }
}

/** Of the front for other servers, unless the settings say otherwise. */
const FEDERATION_PORT = 8448;

function isAnswering({ address }: Machine): Promise<boolean> {
  const signal = AbortSignal.timeout(LOOK_MS);
  return fetch(`http://${address}/_matrix/client/versions`, { signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}
