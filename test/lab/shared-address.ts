import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { FRONT_PORT, type Machine } from '../../src/cluster/lab/lab-plan.ts';

const LOOK_MS = 1000;

/** So often in a row a front does not answer before it is left: a busy machine is no dead one. */
const MISSES = 2;

/**
 * One address for the fronts of a lab, as keepalived would give them: connections go to the first that answers, and those of one
 * that does not answer any more are closed.
 */
export class SharedAddress implements AsyncDisposable {
  readonly #server: Server;
  readonly #port: number;
  readonly #open = new Map<Socket, Machine>();
  readonly #misses = new Map<Machine, number>();
  #looking: NodeJS.Timeout | undefined;
  #isClosed = false;
  #front: Machine | undefined;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer(socket => this.#pass(socket));
  }

  /** `port`: of the fronts. */
  static async open(port: number): Promise<SharedAddress> {
    const address = new SharedAddress(port);
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
      await Promise.all(fronts.map(front => this.#look(front)));
      const isUp = (front: Machine) => (this.#misses.get(front) ?? 0) < MISSES;
      this.#front = fronts.find(isUp);
      for (const [socket, front] of this.#open) if (!isUp(front)) socket.destroy();
      if (!this.#isClosed) this.#looking = setTimeout(look, LOOK_MS);
    };
    void look();
  }

  async #look(front: Machine): Promise<void> {
    this.#misses.set(front, (await isAnswering(front)) ? 0 : (this.#misses.get(front) ?? 0) + 1);
  }

  #pass(socket: Socket): void {
    const front = this.#front;
    if (front === undefined) return void socket.destroy();
    const passed = connect(this.#port, front.address);
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
    this.#isClosed = true;
    clearTimeout(this.#looking);
    for (const socket of this.#open.keys()) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }
}

/** The program in front refuses by itself what is no request; where it stands still nobody does. */
function isAnswering({ address }: Machine): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(FRONT_PORT, address, () => socket.write('no request\r\n\r\n'));
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(LOOK_MS, () => end(false));
    socket.on('data', () => end(true)).on('error', () => end(false));
  });
}
