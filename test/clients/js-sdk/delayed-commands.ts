import { EventType, MsgType } from 'matrix-js-sdk';
import type { Device } from './device.ts';

/** Events that the server sends later, unless it is told otherwise (MSC4140). */
export const delayedCommands = (device: Device) => ({
  async sendLater(roomId: string, body: string, delayMs: number) {
    const content = { msgtype: MsgType.Text as const, body };
    const answer = await device.client._unstable_sendDelayedEvent(
      roomId,
      { delay: delayMs },
      null,
      EventType.RoomMessage,
      content,
    );
    return answer.delay_id;
  },

  async cancelDelayed(delayId: string) {
    await device.client._unstable_cancelScheduledDelayedEvent(delayId);
  },

  async restartDelayed(delayId: string) {
    await device.client._unstable_restartScheduledDelayedEvent(delayId);
  },

  async sendDelayedNow(delayId: string) {
    await device.client._unstable_sendScheduledDelayedEvent(delayId);
  },

  delayedEvents: () => device.client._unstable_getDelayedEvents(),
});
