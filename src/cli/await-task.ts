import type { JsonObject } from '../core/json.ts';
import { type AdminServer, type AdminSurroundings, RefusedError } from './admin-server.ts';

const LOOK_MS = 300;

/**
 * Waits for the end of a task that the server works on, or until it `isHeldUp`. Who does not want to wait interrupts: the
 * server goes on.
 */
export async function awaitTask(
  { sleep }: Pick<AdminSurroundings, 'sleep'>,
  server: AdminServer,
  path: string,
  isHeldUp: (task: JsonObject) => boolean = () => false,
): Promise<JsonObject> {
  for (;;) {
    const task = await server.call('GET', path);
    if (task.status === 'complete' || isHeldUp(task)) return task;
    if (task.status === 'failed') throw new RefusedError('M_UNKNOWN', `It failed: ${String(task.error)}`);
    await sleep(LOOK_MS);
  }
}
