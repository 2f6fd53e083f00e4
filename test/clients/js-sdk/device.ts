import { createClient, type ICreateClientOpts, type MatrixClient, type Room } from 'matrix-js-sdk';
import type { VerificationRequest } from 'matrix-js-sdk/lib/crypto-api/verification.js';

type SessionOptions = Pick<
  ICreateClientOpts,
  'userId' | 'deviceId' | 'accessToken' | 'refreshToken' | 'onTokenRefresh' | 'oauthClientId'
>;

/** The one device that a client process stands for. */
export class Device {
  readonly baseUrl: string;
  #client: MatrixClient;
  /** What secret storage is locked with; the user would type it in. */
  recoveryKey: Uint8Array<ArrayBuffer> | undefined;
  /** The verification that runs, whichever side began it. */
  verification: VerificationRequest | undefined;

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl;
    this.#client = createClient({ baseUrl });
  }

  get client(): MatrixClient {
    return this.#client;
  }

  /** Goes on as the session that a login or a registration gave. */
  take(session: SessionOptions): void {
    this.#client = createClient({
      baseUrl: this.baseUrl,
      ...session,
      timelineSupport: true,
      disableVoip: true,
      cryptoCallbacks: {
        getSecretStorageKey: async ({ keys }) => {
          const id = Object.keys(keys)[0];
          return id === undefined || this.recoveryKey === undefined ? null : [id, this.recoveryKey];
        },
      },
    });
  }

  get userId(): string {
    return this.#client.getSafeUserId();
  }

  get crypto() {
    const crypto = this.#client.getCrypto();
    if (crypto === undefined) throw new Error('This client was started without encryption.');
    return crypto;
  }

  room(roomId: string): Room {
    const room = this.#client.getRoom(roomId);
    if (room === null) throw new Error(`The client knows no room ${roomId}.`);
    return room;
  }

  event(roomId: string, eventId: string) {
    const event = this.room(roomId).findEventById(eventId);
    if (event === undefined) throw new Error(`The client has no event ${eventId}.`);
    return event;
  }
}
