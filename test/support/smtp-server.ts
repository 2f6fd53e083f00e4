import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A mail as a server takes it: the envelope, and the text with its headers. */
export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly data: string;
}

/** A mail server on loopback, without TLS, that keeps what it is sent. */
export class SmtpServer implements AsyncDisposable {
  readonly mails: TakenMail[] = [];
  /** `user password` of those who logged in. */
  readonly logins: string[] = [];
  /** What recipients are answered with. */
  recipientAnswer = '250 ok';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer(socket => this.#serve(socket));
  }

  static async open(): Promise<SmtpServer> {
    const server = new SmtpServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setEncoding('utf8');
    let held = '';
    let mail = { from: '', to: [] as string[] };
    let isData = false;
    const say = (line: string) => void socket.write(`${line}\r\n`);
    const commands: Record<string, (rest: string) => void> = {
      EHLO: () => say('250-mail.test\r\n250 AUTH PLAIN'),
      AUTH: rest => {
        const [, user = '', password = ''] = Buffer.from(rest.replace('PLAIN ', ''), 'base64').toString().split('\0');
        this.logins.push(`${user} ${password}`);
        say('235 ok');
      },
      MAIL: rest => {
        mail = { from: addressIn(rest), to: [] };
        say('250 ok');
      },
      RCPT: rest => {
        mail.to.push(addressIn(rest));
        say(this.recipientAnswer);
      },
      DATA: () => {
        isData = true;
        say('354 go on');
      },
      QUIT: () => socket.end('221 bye\r\n'),
    };
    socket.on('data', (chunk: string) => {
      held += chunk;
      for (;;) {
        const end = isData ? '\r\n.\r\n' : '\r\n';
        const at = held.indexOf(end);
        if (at < 0) return;
        const text = held.slice(0, at);
        held = held.slice(at + end.length);
        if (isData) {
          this.mails.push({ ...mail, data: text });
          isData = false;
          say('250 taken');
        } else (commands[text.slice(0, 4).toUpperCase()] ?? (() => say('502 what?')))(text.slice(5));
      }
    });
    say('220 mail.test');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

function addressIn(text: string): string {
  return /<([^>]*)>/.exec(text)?.[1] ?? '';
}
