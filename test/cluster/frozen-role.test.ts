import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Diagnosis } from '../../src/federation/doctor/diagnose.ts';
import { reportText } from '../../src/federation/doctor/report.ts';
import { askServer } from '../../src/main/control.ts';
import { skipWithoutNats } from '../support/nats.ts';
import { ClusterUser } from './cluster-user.ts';
import { TestCluster } from './test-cluster.ts';

const skip = skipWithoutNats || (process.env.COPSE_TEST_POSTGRES === undefined && 'there is no PostgreSQL');

const ALL_BUT_SENDING = [
  'client',
  'sync',
  'initial-sync',
  'media',
  'federation-in',
  'rooms',
  'push',
  'appservice',
  'maintenance',
  'doctor',
];
const SENDING = ['federation-out'];
/** What is younger may be taken over by somebody. */
const WAITED_FOR_MS = 22_000;
const HEADERS = { authorization: 'Bearer operator', 'content-type': 'application/json' };
const DOCTOR = '/_synapse/admin/copse/v1/doctor/federation';

/** Looks as `copse doctor federation` does: whichever process answers. */
async function examined(cluster: TestCluster): Promise<Diagnosis> {
  const asked = { method: 'POST', path: DOCTOR, headers: HEADERS, body: JSON.stringify({ servers: ['peer.invalid'] }) };
  const answer = await askServer(cluster.processes[0]?.dataDir ?? '', asked);
  assert.equal(answer?.status, 200, answer?.text);
  return (JSON.parse(answer?.text ?? '') as { diagnosis: Diagnosis }).diagnosis;
}

const workIn = ({ us }: Diagnosis) => us.findings.find(({ cause }) => cause === 'D19');

async function eventually(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  const end = performance.now() + 90_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < end, otherwise);
    await wait(500);
  }
}

async function saysSomething(processes: TestCluster['processes'], name: string): Promise<void> {
  const user = await ClusterUser.register(processes, 0, name);
  const { room_id: room } = await user.ok('POST', '/v3/createRoom', { preset: 'public_chat' });
  const path = `/v3/rooms/${encodeURIComponent(String(room))}/send/m.room.message/1`;
  await user.ok('PUT', path, { msgtype: 'm.text', body: 'for others' });
}

test('F27 a frozen process whose work nobody else has is named, by whoever is awake', { skip }, async () => {
  await using cluster = await TestCluster.start(2, { roles: [SENDING, ALL_BUT_SENDING] });
  const [frozen] = cluster.processes;
  assert.equal(workIn(await examined(cluster)), undefined);
  process.kill(frozen?.pid ?? 0, 'SIGSTOP');
  try {
    await saysSomething(cluster.processes.slice(1), 'alice');
    await wait(WAITED_FOR_MS);
    const began = performance.now();
    const diagnosis = await examined(cluster);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`F27 in ${seconds} s:\n${reportText(diagnosis)}`);
    const found = workIn(diagnosis);
    assert.equal(found?.because, undefined);
    assert.match(found?.proof.join('\n') ?? '', /^federation-log .*no process does it$/m);
    assert.match(found?.proof.join('\n') ?? '', /^process process-0 \(federation-out\) fell silent/m);
    assert.match(found?.repair?.lines.join('\n') ?? '', /kill -CONT .*\n.*copse role federation-out/);
  } finally {
    process.kill(frozen?.pid ?? 0, 'SIGCONT');
  }
  await eventually(async () => workIn(await examined(cluster)) === undefined, 'it goes on waiting');
});

test('F27b where another process has the role it takes over, and nothing is to be named', { skip }, async () => {
  await using cluster = await TestCluster.start(3, { roles: [SENDING, ALL_BUT_SENDING, SENDING] });
  const [frozen] = cluster.processes;
  process.kill(frozen?.pid ?? 0, 'SIGSTOP');
  try {
    await saysSomething(cluster.processes.slice(1, 2), 'alice');
    await wait(WAITED_FOR_MS);
    assert.equal(workIn(await examined(cluster)), undefined);
  } finally {
    process.kill(frozen?.pid ?? 0, 'SIGCONT');
  }
});
