import type { DifferenceFacts } from './facts.ts';
import { quoted, someText } from './words.ts';

type Entry = DifferenceFacts['entries'][number];

const MOST_LINES = 6;
const MOST_FIELDS = 4;

/** How the state of a room differs, a line for each part of it. */
export function differenceLines({ entries, more }: DifferenceFacts): string[] {
  const rest = entries.length - MOST_LINES + more;
  return [...entries.slice(0, MOST_LINES).map(entryText), ...(rest > 0 ? [`and ${rest} more parts of the state`] : [])];
}

function entryText({ type, stateKey, there, here, fields }: Entry): string {
  const what = `${partText(type)}${stateKey === '' ? '' : ` of ${quoted(stateKey, 100)}`}`;
  if (there === null) return `${what}: only we have it, by ${here?.sender ?? '?'}`;
  const by = ` (there by ${there.sender ?? '?'})`;
  if (here === null) return `${what}: only they have it${fieldsText(fields)}${by}`;
  return fields.length === 0 ? `${what}: the same words by another event${by}` : `${what}${fieldsText(fields)}${by}`;
}

function fieldsText(fields: Entry['fields']): string {
  if (fields.length === 0) return '';
  const texts = fields.map(
    ({ name, there, here }) => `${quoted(name, 100)} is ${there ?? 'not set'} there and ${here ?? 'not set'} here`,
  );
  return `: ${someText(texts, MOST_FIELDS)}`;
}

/** `m.room.power_levels` is "power levels"; what is nobody's standard stays as it is. */
function partText(type: string): string {
  return type.startsWith('m.room.') ? type.slice('m.room.'.length).replaceAll('_', ' ') : quoted(type, 100);
}
