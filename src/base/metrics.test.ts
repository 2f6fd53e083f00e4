import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addProcessMetrics, Metrics } from './metrics.ts';

test('counters, histograms and gauges come out in the text format', async () => {
  const metrics = new Metrics();
  const sent = metrics.counter('sent_total', 'Events sent.', ['kind']);
  sent.add({ kind: 'message' });
  sent.add({ kind: 'message' }, 2);
  metrics.histogram('request_seconds', 'Requests.', ['route']).observe({ route: '/sync' }, 0.02);
  let size = 5;
  metrics.gauges('cache_bytes', 'Caches.', 'cache', () => [['events', size]]);
  size = 7;
  const text = await metrics.text();
  assert.match(text, /^copse_sent_total\{kind="message"\} 3$/m);
  assert.match(text, /^copse_request_seconds_bucket\{le="0.025",route="\/sync"\} 1$/m);
  assert.match(text, /^copse_cache_bytes\{cache="events"\} 7$/m);
});

test('a process shows its memory', async () => {
  const metrics = new Metrics();
  addProcessMetrics(metrics);
  const [, bytes] = /^copse_process_resident_bytes (\d+)$/m.exec(await metrics.text()) ?? [];
  assert.ok(Number(bytes) > 10_000_000);
});
