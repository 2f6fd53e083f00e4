import type { JsonObject } from '../../../core/json.ts';
import { type Reply, reply } from '../../endpoint.ts';

/** Answers an object that others wrote, whatever its keys are. */
export function storedJson(content: JsonObject): Reply {
  return reply({ body: JSON.stringify(content) });
}
