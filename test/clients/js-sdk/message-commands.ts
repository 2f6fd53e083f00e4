import {
  Direction,
  EventStatus,
  type EventTimeline,
  EventType,
  type MatrixEvent,
  MsgType,
  RelationType,
} from 'matrix-js-sdk';
import type { Device } from './device.ts';

/** An event as this client shows it: decrypted, with its last edit. */
export interface EventView {
  readonly id: string;
  readonly sender: string;
  readonly type: string;
  readonly body: string | undefined;
  readonly decrypted: boolean;
  readonly redacted: boolean;
  readonly edited: boolean;
}

/** Writing into rooms and reading what others wrote. */
export const messageCommands = (device: Device) => ({
  async sendText(roomId: string, body: string) {
    return (await device.client.sendTextMessage(roomId, body)).event_id;
  },

  /** One after the other, so that their order is known. */
  async sendTexts(roomId: string, bodies: readonly string[]) {
    const ids: string[] = [];
    for (const body of bodies) ids.push((await device.client.sendTextMessage(roomId, body)).event_id);
    return ids;
  },

  async mention(roomId: string, body: string, userId: string) {
    const content = { msgtype: MsgType.Text as const, body, 'm.mentions': { user_ids: [userId] } };
    return (await device.client.sendMessage(roomId, content)).event_id;
  },

  async sendInThread(roomId: string, threadId: string, body: string) {
    const room = device.room(roomId);
    // The SDK leaves it to the application to open a thread that nobody has written in.
    if (room.getThread(threadId) === null) room.createThread(threadId, room.findEventById(threadId), [], true);
    return (await device.client.sendTextMessage(roomId, threadId, body)).event_id;
  },

  async edit(roomId: string, eventId: string, body: string) {
    const content = { msgtype: MsgType.Text as const, body };
    const relation = { rel_type: RelationType.Replace as const, event_id: eventId };
    const edit = { ...content, body: `* ${body}`, 'm.new_content': content, 'm.relates_to': relation };
    return (await device.client.sendMessage(roomId, edit)).event_id;
  },

  async react(roomId: string, eventId: string, key: string) {
    const relation = { rel_type: RelationType.Annotation as const, event_id: eventId, key };
    return (await device.client.sendEvent(roomId, EventType.Reaction, { 'm.relates_to': relation })).event_id;
  },

  async redact(roomId: string, eventId: string, reason: string) {
    await device.client.redactEvent(roomId, eventId, undefined, { reason });
  },

  /** The main timeline as far as this client has it, oldest first. */
  timeline(roomId: string): EventView[] {
    return device.room(roomId).getLiveTimeline().getEvents().map(view);
  },

  /** The bodies of the messages of one sender in the main timeline, oldest first; undefined where one cannot be read. */
  bodiesOf(roomId: string, sender: string) {
    return device
      .room(roomId)
      .getLiveTimeline()
      .getEvents()
      .filter(event => event.getSender() === sender && isMessage(event))
      .map(event => view(event).body);
  },

  /** When the server says that it was written, in milliseconds since the epoch. */
  timeOf: (roomId: string, eventId: string) => device.room(roomId).findEventById(eventId)?.getTs(),

  event(roomId: string, eventId: string): EventView | undefined {
    const event = device.room(roomId).findEventById(eventId);
    return event === undefined ? undefined : view(event);
  },

  /** Who reacted with what: senders by key, without what this client itself could not send. */
  reactions(roomId: string, eventId: string): Record<string, string[]> {
    const relations = device
      .room(roomId)
      .relations.getChildEventsForEvent(eventId, RelationType.Annotation, EventType.Reaction);
    const sorted = relations?.getSortedAnnotationsByKey() ?? [];
    return Object.fromEntries(
      sorted.map(([key, events]) => {
        const sent = [...events].filter(({ status }) => status !== EventStatus.NOT_SENT);
        return [key, sent.map(event => event.getSender() ?? '')];
      }),
    );
  },

  thread(roomId: string, threadId: string) {
    const thread = device.room(roomId).getThread(threadId);
    if (thread === null) return undefined;
    const replies = thread.events.filter(event => event.getId() !== threadId);
    return { length: thread.length, bodies: replies.map(event => view(event).body) };
  },

  /** Scrolls back by `limit` events at a time until the room's beginning, over the gaps that syncs left. */
  async scrollToBeginning(roomId: string, limit: number) {
    const events: EventView[] = [];
    let timeline: EventTimeline | null = device.room(roomId).getLiveTimeline();
    while (timeline !== null) {
      while (await device.client.paginateEventTimeline(timeline, { backwards: true, limit }));
      events.unshift(...timeline.getEvents().map(view));
      timeline = timeline.getNeighbouringTimeline(Direction.Backward);
    }
    return events;
  },

  /** Reads all of a room's messages in pages of `limit` from one end to the other: event ids in the order they came. */
  async pageThrough(roomId: string, direction: 'forwards' | 'backwards', limit: number) {
    const ids: string[] = [];
    const dir = direction === 'forwards' ? Direction.Forward : Direction.Backward;
    let from: string | null = null;
    let pages = 0;
    do {
      const page = await device.client.createMessagesRequest(roomId, from, limit, dir);
      ids.push(...page.chunk.map(({ event_id }) => event_id));
      from = page.end ?? null;
      pages += 1;
    } while (from !== null);
    return { ids, pages };
  },
});

const isMessage = (event: MatrixEvent) =>
  event.getType() === EventType.RoomMessage || event.getType() === EventType.RoomMessageEncrypted;

function view(event: MatrixEvent): EventView {
  return {
    id: event.getId() ?? '',
    sender: event.getSender() ?? '',
    type: event.getType(),
    body: event.isDecryptionFailure() ? undefined : event.getContent().body,
    decrypted: event.isEncrypted() && !event.isDecryptionFailure() && event.getClearContent() !== null,
    redacted: event.isRedacted(),
    edited: event.replacingEventId() !== undefined,
  };
}
