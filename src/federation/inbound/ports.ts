import type { ServerName } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';

/** Takes what passes between servers besides events (server-server API, "EDUs"). */
export interface EduReceiver {
  /**
   * What has to last is durable when this resolves. An EDU that is malformed or about users of other servers is passed
   * over, and spoils none of the others. It rejects only when nothing can be stored now.
   */
  receive(origin: ServerName, edus: readonly JsonObject[]): Promise<void>;
}
