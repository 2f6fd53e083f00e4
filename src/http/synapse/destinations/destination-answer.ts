import type { JsonObject } from '../../../core/json.ts';
import type { DestinationRow } from '../../../federation/outbound/destination-list.ts';

/**
 * A server in the shape of Synapse, whose stream of all events has no counterpart here: its positions are null. Of our
 * own: why the last try failed.
 */
export function destinationAnswer(row: DestinationRow): JsonObject {
  const { tried_at: tried, retry_at: retry } = row;
  return {
    destination: row.name,
    retry_last_ts: tried ?? 0,
    retry_interval: retry === null || tried === null ? 0 : Math.max(0, retry - tried),
    failure_ts: row.failing_since,
    last_successful_stream_ordering: null,
    ...(row.reason !== null && { 'io.copse.reason': row.reason }),
  };
}
