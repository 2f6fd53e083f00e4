import type { Log, LogFields } from '../../src/base/log.ts';
import type { SimulatedTime } from './simulated-clock.ts';

/** What a server of a world says, on the standard error, with the world's time in seconds: to see what happened in one seed. */
export function storyLog(time: SimulatedTime, server: string, part = ''): Log {
  const began = 1_700_000_000_000;
  const write = (level: string) => (message: string, fields?: LogFields) => {
    const seconds = ((time.now - began) / 1000).toFixed(3);
    console.error(`${seconds} ${server} ${level} ${part} ${message} ${fields === undefined ? '' : textOf(fields)}`);
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: name => storyLog(time, server, name),
  };
}

function textOf(fields: LogFields): string {
  return JSON.stringify(fields, (_, value) => (value instanceof Error ? value.stack : value));
}
