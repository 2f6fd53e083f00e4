import type { Check } from '../verdict.ts';
import { countText } from '../words.ts';
import { roomText } from './reading.ts';

/** With more than these each further event costs much. */
export const MANY_ENDS = 10;

export const manyExtremities: Check = {
  cause: 'D28',
  title: 'a room has many ends',
  scope: 'peer',
  explain: `When events come from many servers at once and nobody merges them, a room ends with many events side by side. Each further one
costs a state resolution over all of them.
Found by counting them.
Helps: any event in the room joins the ends that the server knows. Copse sends one that clients do not show, by one of our users.`,
  judge({ rooms }) {
    const many = rooms.filter(({ extremities }) => extremities > MANY_ENDS);
    if (many.length === 0) return undefined;
    return {
      confidence: 'proven',
      effect: `${countText(many.length, 'room')} ${many.length === 1 ? 'costs' : 'cost'} much work for each event`,
      proof: many.slice(0, 4).map(room => `${roomText(room)}: ${room.extremities} ends`),
      repair: { kind: 'join_ends', lines: ['send an event there that joins them and that clients do not show'] },
    };
  },
};
