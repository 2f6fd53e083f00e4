import type { ServerName } from '../../core/ids.ts';
import { getObject, getString, type JsonObject } from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import { DatabaseUnavailableError } from '../../db/database.ts';
import type { ToDevice } from '../../keys/to-device.ts';
import type { RoomsParts } from '../../rooms/parts.ts';
import { type ListChange, readDeviceChange, readKeysChange } from '../devices/list-changes.ts';
import type { ListFollower } from '../devices/list-follower.ts';
import type { ListServers } from '../devices/list-servers.ts';
import type { EduReceiver } from '../inbound/ports.ts';
import type { PresenceBoard, TypingBoard } from './ports.ts';
import { takePresence } from './presence-edu.ts';
import { ReceiptEdus } from './receipt-edu.ts';
import { readToDevice } from './to-device-edu.ts';
import { takeTyping } from './typing-edu.ts';

export interface EdusParts {
  readonly rooms: RoomsParts;
  readonly toDevice: Pick<ToDevice, 'receive'>;
  readonly follower: Pick<ListFollower, 'receive'>;
  readonly servers: Pick<ListServers, 'isAlive'>;
  readonly typing: TypingBoard;
  /** Undefined where presence is switched off. */
  readonly presence: PresenceBoard | undefined;
  readonly signal: AbortSignal;
}

interface Edu {
  readonly type: string;
  readonly content: JsonObject;
}

/** Takes EDUs of other servers (server-server API, "EDUs"). Kinds that are not known are passed over. */
export class Edus implements EduReceiver {
  readonly #parts: EdusParts;
  readonly #receipts: ReceiptEdus;

  constructor(parts: EdusParts) {
    this.#parts = parts;
    this.#receipts = new ReceiptEdus(parts.rooms, parts.signal);
  }

  async receive(origin: ServerName, edus: readonly JsonObject[]): Promise<void> {
    const { rooms, servers, follower, typing } = this.#parts;
    await servers.isAlive(origin);
    const read = edus.flatMap(edu => readEdu(edu) ?? []);
    const contents = (type: string) => read.filter(edu => edu.type === type).map(({ content }) => content);
    const changes = read.flatMap(edu => listChangeIn(origin, edu) ?? []);
    // Together, so that a user's list is written once, and before the messages that come from their new devices.
    await this.#unspoilt(origin, 'device lists', () => follower.receive(changes));
    for (const content of contents('m.direct_to_device'))
      await this.#unspoilt(origin, 'm.direct_to_device', () => this.#takeMessage(origin, content));
    await this.#unspoilt(origin, 'm.receipt', () => this.#receipts.take(origin, contents('m.receipt')));
    await this.#unspoilt(origin, 'm.typing', () => takeTyping(rooms, typing, origin, contents('m.typing')));
    for (const content of contents('m.presence'))
      await this.#unspoilt(origin, 'm.presence', () => this.#takePresence(origin, content));
  }

  async #takeMessage(origin: ServerName, content: JsonObject): Promise<void> {
    const { rooms, toDevice } = this.#parts;
    const message = readToDevice(origin, rooms.serverName, content);
    if (message !== undefined) await toDevice.receive(message);
  }

  async #takePresence(origin: ServerName, content: JsonObject): Promise<void> {
    const { rooms, presence } = this.#parts;
    if (presence !== undefined) await takePresence(rooms, presence, origin, content, rooms.clock.now());
  }

  /** One that cannot be taken spoils no other. @throws DatabaseUnavailableError: nothing can be taken now */
  async #unspoilt(origin: ServerName, type: string, take: () => Promise<void>): Promise<void> {
    const { log } = this.#parts.rooms;
    try {
      await take();
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error;
      const what = { origin, type };
      if (error instanceof MatrixError && error.errcode === 'M_LIMIT_EXCEEDED')
        log.warn('A message to devices of ours is lost: too many wait already.', what);
      else if (error instanceof MatrixError) log.debug(`An EDU is not taken: ${error.message}`, what);
      else log.error('An EDU could not be taken.', { ...what, err: error });
    }
  }
}

function readEdu(edu: JsonObject): Edu | undefined {
  const type = getString(edu, 'edu_type');
  const content = getObject(edu, 'content');
  return type === undefined || content === undefined ? undefined : { type, content };
}

function listChangeIn(origin: ServerName, { type, content }: Edu): ListChange | undefined {
  if (type === 'm.device_list_update') return readDeviceChange(origin, content);
  const isKeys = type === 'm.signing_key_update' || type === 'org.matrix.signing_key_update';
  return isKeys ? readKeysChange(origin, content) : undefined;
}
