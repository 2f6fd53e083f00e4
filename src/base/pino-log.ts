import { type DestinationStream, type Logger, pino } from 'pino';
import type { Clock } from './clock.ts';
import type { Log, LogFields } from './log.ts';
import { LogOutput } from './log-output.ts';
import { redactFields, redactText } from './redact-secrets.ts';
import { TextLines } from './text-log.ts';

export interface PinoLogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'json' | 'text';
  /** Colours in the text format. */
  readonly colour: boolean;
  readonly clock: Clock;
  /** Where lines go; standard output unless given. */
  readonly write?: (line: string) => void;
}

/** The log on standard output: a JSON object per line for machines, or a readable line for people. */
export function createLog(options: PinoLogOptions): Log {
  const standardOutput = new LogOutput();
  const out: DestinationStream = options.write === undefined ? standardOutput : { write: options.write };
  const stream = options.format === 'json' ? out : new TextLines(out, options.colour);
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":${options.clock.now()}`,
      formatters: { level: label => ({ level: label }), log: fields => redactFields(fields) },
      // Errors are written by redactFields, under whatever key they come.
      serializers: {},
    },
    stream,
  );
  standardOutput.onLost = lines => logger.warn(`${lines} lines before the last could not be written and are lost.`);
  return new PinoLog(logger);
}

class PinoLog implements Log {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#logger.debug(fields, redactText(message));
  }

  info(message: string, fields: LogFields = {}): void {
    this.#logger.info(fields, redactText(message));
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#logger.warn(fields, redactText(message));
  }

  error(message: string, fields: LogFields = {}): void {
    this.#logger.error(fields, redactText(message));
  }

  child(part: string): Log {
    return new PinoLog(this.#logger.child({ part }));
  }
}
