import type { Clock } from './clock.ts';
import type { Log, LogFields } from './log.ts';
import { redactFields, redactText } from './redact-secrets.ts';

/** Where lines go, each with its end. */
export interface LineOutput {
  write(line: string): void;
}

/** The log in the same lines of JSON as `createLog` writes them, without pino (9 MB): for programs that have to be small. */
export class LineLog implements Log {
  readonly #clock: Clock;
  readonly #out: LineOutput;
  readonly #part: string | undefined;

  constructor(clock: Clock, out: LineOutput, part?: string) {
    this.#clock = clock;
    this.#out = out;
    this.#part = part;
  }

  /** Nobody reads it in a program that is dull. */
  debug(): void {}

  info(message: string, fields: LogFields = {}): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#write('error', message, fields);
  }

  child(part: string): Log {
    return new LineLog(this.#clock, this.#out, part);
  }

  #write(level: string, message: string, fields: LogFields): void {
    const part = this.#part === undefined ? {} : { part: this.#part };
    const entry = { level, time: this.#clock.now(), ...part, ...redactFields(fields), msg: redactText(message) };
    this.#out.write(`${JSON.stringify(entry)}\n`);
  }
}
