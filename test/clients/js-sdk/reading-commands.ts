import {
  type AccountDataEvents,
  type IPushRule,
  NotificationCountType,
  type PushRuleKind,
  ReceiptType,
} from 'matrix-js-sdk';
import type { Device } from './device.ts';

/** What tells others, and one's other devices, how far one has read, and what is to be noticed. */
export const readingCommands = (device: Device) => ({
  async type(roomId: string, typing: boolean) {
    await device.client.sendTyping(roomId, typing, 20_000);
  },

  /** In the thread that the event belongs to, unless `unthreaded`. */
  async markRead(roomId: string, eventId: string, type: 'm.read' | 'm.read.private', unthreaded = false) {
    await device.client.sendReadReceipt(device.event(roomId, eventId), type as ReceiptType, unthreaded);
  },

  async setFullyRead(roomId: string, eventId: string) {
    await device.client.setRoomReadMarkers(roomId, eventId);
  },

  fullyRead(roomId: string): string | undefined {
    return device.room(roomId).getAccountData('m.fully_read')?.getContent().event_id;
  },

  /** How far a user has read as this client knows it from receipts, not from what the user wrote. */
  readUpTo(roomId: string, userId: string) {
    const room = device.room(roomId);
    return {
      public: room.getReadReceiptForUserId(userId, true)?.eventId,
      private: room.getReadReceiptForUserId(userId, true, ReceiptType.ReadPrivate)?.eventId,
    };
  },

  readUpToInThread(roomId: string, threadId: string, userId: string): string | undefined {
    return device.room(roomId).getThread(threadId)?.getReadReceiptForUserId(userId, true)?.eventId;
  },

  /** What the server counts as unread in the main timeline, and in each of the threads asked for. */
  unread(roomId: string, threadIds: readonly string[] = []) {
    const room = device.room(roomId);
    const threads = threadIds.map(id => [id, room.getThreadUnreadNotificationCount(id, NotificationCountType.Total)]);
    return {
      total: room.getRoomUnreadNotificationCount(NotificationCountType.Total),
      highlight: room.getRoomUnreadNotificationCount(NotificationCountType.Highlight),
      threads: Object.fromEntries(threads) as Record<string, number>,
    };
  },

  async addPushRule(kind: string, ruleId: string, body: Pick<IPushRule, 'actions' | 'conditions' | 'pattern'>) {
    await device.client.addPushRule('global', kind as PushRuleKind, ruleId, body);
  },

  async deletePushRule(kind: string, ruleId: string) {
    await device.client.deletePushRule('global', kind as PushRuleKind, ruleId);
  },

  /** As the last sync brought it. */
  pushRule(kind: string, ruleId: string): IPushRule | undefined {
    return device.client.pushRules?.global[kind as PushRuleKind]?.find(rule => rule.rule_id === ruleId);
  },

  async setAccountData(type: string, content: object) {
    // The types of the SDK name the known kinds of account data only.
    await device.client.setAccountData(type as keyof AccountDataEvents, content as never);
  },

  /** As the last sync brought it. */
  accountData(type: string): object | undefined {
    return device.client.getAccountData(type as keyof AccountDataEvents)?.getContent();
  },

  async tagRoom(roomId: string, tag: string, order: number) {
    await device.client.setRoomTag(roomId, tag, { order });
  },

  async untagRoom(roomId: string, tag: string) {
    await device.client.deleteRoomTag(roomId, tag);
  },

  tags(roomId: string) {
    return device.room(roomId).tags;
  },
});
