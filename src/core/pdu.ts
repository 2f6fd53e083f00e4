import type { Json, JsonObject } from './json.ts';

/** An event as it travels between servers, after its format was checked. Other keys may be present. */
export type Pdu = JsonObject & {
  type: string;
  sender: string;
  content: JsonObject;
  depth: number;
  origin_server_ts: number;
  prev_events: Json[];
  auth_events: Json[];
  hashes: JsonObject;
  signatures: JsonObject;
};
