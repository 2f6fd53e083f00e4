import type { CounterMetric, Metrics } from '../../base/metrics.ts';

/** What the sender counts. */
export interface OutboundCounters {
  readonly transactions: CounterMetric;
  readonly events: CounterMetric;
  readonly edus: CounterMetric;
  readonly errors: CounterMetric;
  readonly setAside: CounterMetric;
  readonly dropped: CounterMetric;
}

const NOBODY_COUNTS: CounterMetric = { add: () => undefined };

export function outboundCounters(metrics: Metrics | undefined): OutboundCounters {
  const counter = (name: string, help: string, labels?: readonly string[]) =>
    metrics?.counter(name, help, labels) ?? NOBODY_COUNTS;
  return {
    transactions: counter('federation_out_transactions', 'Transactions sent, by what became of them.', ['result']),
    events: counter('federation_out_events', 'Events that other servers have acknowledged.'),
    edus: counter('federation_out_edus', 'EDUs that other servers have acknowledged.'),
    errors: counter('federation_out_event_errors', 'Events that another server took note of and refused.'),
    setAside: counter(
      'federation_out_set_aside',
      'Events and EDUs that a server could not be sent and that were set aside.',
    ),
    dropped: counter('federation_out_dropped_edus', 'EDUs that were dropped because too many waited for a server.'),
  };
}
