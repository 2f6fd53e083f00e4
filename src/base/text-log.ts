const COLOURS: Readonly<Record<string, string>> = {
  debug: '\u001b[2m',
  info: '',
  warn: '\u001b[33m',
  error: '\u001b[31m',
};
const RESET = '\u001b[0m';

/** Turns the JSON lines of the log into lines for people: `12:00:01 warn  federation: It is late. (server=a.org)`. */
export class TextLines {
  readonly #out: { write(line: string): void };
  readonly #colour: boolean;

  constructor(out: { write(line: string): void }, colour: boolean) {
    this.#out = out;
    this.#colour = colour;
  }

  write(line: string): void {
    const { time, level, part, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' }).format(Number(time));
    const colour = (this.#colour && COLOURS[String(level)]) || '';
    const where = part === undefined ? '' : `${part}: `;
    const text = `${clock} ${String(level).padEnd(5)} ${where}${msg}${shownFields(fields)}`;
    this.#out.write(`${colour}${text}${colour === '' ? '' : RESET}\n`);
  }
}

/** Short values stand in brackets behind the message; the stack of an error goes on lines of its own. */
function shownFields(fields: Record<string, unknown>): string {
  const flat: string[] = [];
  let stacks = '';
  for (const [key, value] of Object.entries(fields)) {
    const stack = (value as { stack?: unknown } | null)?.stack;
    if (typeof stack === 'string') stacks += `\n    ${stack.replaceAll('\n', '\n    ')}`;
    else flat.push(`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  }
  return `${flat.length > 0 ? ` (${flat.join(', ')})` : ''}${stacks}`;
}
