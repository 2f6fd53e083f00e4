import type { Json } from '../core/json.ts';

/** Rows under headings, each column as wide as what stands in it. The last one is not filled up. */
export function tableText(headings: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return empty;
  const widths = headings.map((heading, at) => Math.max(width(heading), ...rows.map(row => width(row[at] ?? ''))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (at === cells.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd();
  return [line(headings.map(heading => heading.toUpperCase())), ...rows.map(line)].join('\n');
}

/** Names with values, one a line. */
export function factsText(facts: readonly (readonly [string, string])[]): string {
  const widest = Math.max(...facts.map(([name]) => width(name)));
  return facts.map(([name, value]) => `${name}${' '.repeat(widest - width(name))}  ${value}`).join('\n');
}

/** What others wrote must not move the cursor or hide anything; long texts are cut. */
export function shownText(value: Json | undefined, longest = 60): string {
  if (value === null || value === undefined || value === '') return '-';
  const text = String(value).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
  const letters = [...text];
  return letters.length > longest ? `${letters.slice(0, longest - 1).join('')}…` : text;
}

/** A time in milliseconds since the epoch, in UTC. */
export function timeText(ms: Json | undefined): string {
  if (typeof ms !== 'number' || ms <= 0) return '-';
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

/** Letters of the East take two places in a terminal, marks none. */
function width(text: string): number {
  let places = 0;
  for (const letter of text) {
    if (/\p{Mark}/u.test(letter)) continue;
    places +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u.test(
        letter,
      )
        ? 2
        : 1;
  }
  return places;
}
