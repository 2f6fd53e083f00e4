import assert from 'node:assert/strict';

const SAMPLE_MS = 300;

/** How many times its processor time something takes here now: 1 where the machine has nothing else to do. */
function slowness(): number {
  const began = performance.now();
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    const used = (user + system) / 1000;
    if (used >= SAMPLE_MS) return Math.max(1, (performance.now() - began) / used);
  }
}

/**
 * A bar for what users wait for, which only the clock can tell. It holds on a machine that has nothing else to do; on one that
 * is busy with other things it is as much longer as everything takes there.
 */
export function assertTook(tookMs: number, mostMs: number, what: string): void {
  if (tookMs < mostMs) return;
  const factor = slowness();
  const said = `${what}: ${Math.round(tookMs)} ms, on a machine that is ${factor.toFixed(1)} times as slow as it could be`;
  assert.ok(tookMs < mostMs * factor, said);
}
