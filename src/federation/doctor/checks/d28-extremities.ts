import type { Check } from '../verdict.ts';
import { countText } from '../words.ts';

const MANY = 10;

export const manyExtremities: Check = {
  cause: 'D28',
  title: 'a room has many ends',
  scope: 'peer',
  explain: `When events come from many servers at once and nobody merges them, a room ends with many events side by side. Each further one
costs a state resolution over all of them.
Found by counting them.
Helps: any message in the room joins the ends that the server knows.`,
  judge({ rooms }) {
    const many = rooms.filter(({ extremities }) => extremities > MANY);
    if (many.length === 0) return undefined;
    return {
      confidence: 'proven',
      effect: `${countText(many.length, 'room')} cost much work for each event`,
      proof: many.slice(0, 4).map(({ roomId, extremities }) => `${roomId}: ${extremities} ends`),
      repair: { kind: undefined, lines: ['send a message in the room, which joins them'] },
    };
  },
};
