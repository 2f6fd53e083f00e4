import type { Clock } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Database } from '../../db/database.ts';
import { queuedEdus } from './outbound-edu.table.ts';
import { oldestRange } from './outbound-ranges.table.ts';
import type { Sender } from './sender.ts';

/** Figures that are read when somebody asks. */
export function showOutbound(metrics: Metrics, db: Database, clock: Clock, sender: Pick<Sender, 'load'>): void {
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    metrics.gauge(`federation_out_${name}`, help, read);
  gauge('servers_active', 'Servers that are being sent something.', () => sender.load.active);
  gauge('servers_waiting', 'Servers that wait for their turn.', () => sender.load.waiting);
  gauge('servers_failing', 'Servers that do not take what they are sent.', () => sender.load.failing);
  gauge('oldest_seconds', 'How long the server that waits longest for an event has waited.', async () => {
    const since = await oldestRange(db);
    return since === undefined ? 0 : Math.max(0, clock.now() - since) / 1000;
  });
  gauge('queued_edus', 'Messages to devices that wait for other servers.', async () => (await queuedEdus(db)).edus);
  gauge('queued_edu_bytes', 'Their size.', async () => (await queuedEdus(db)).bytes);
}
