import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NoPython, pythonWith } from '../support/python-environment.ts';
import { SERVER_NAME, startServer } from '../support/running-server.ts';

const SCRIPT = fileURLToPath(new URL('nio_client.py', import.meta.url));
const CHECKS = 19;
const NIO = {
  name: 'nio',
  packages: ['matrix-nio[e2e]==0.26.0', 'vodozemac==0.10.0'],
  usable: 'import nio.crypto; assert nio.crypto.ENCRYPTION_ENABLED',
};

interface Check {
  readonly check: string;
  readonly error: string | null;
}

test('two users with matrix-nio', async t => {
  const python = findPython();
  if (python === undefined) return t.skip('there is no python3 with venv; on Debian: apt install python3-venv');
  await using server = await startServer();
  const store = mkdtempSync(join(tmpdir(), 'copse-nio-'));
  t.after(() => rmSync(store, { recursive: true, force: true }));
  let checks = 0;
  for await (const { check, error } of runClient(python, server.url, store)) {
    checks += 1;
    await t.test(check, () => assert.ok(error === null, error ?? ''));
  }
  assert.equal(checks, CHECKS);
});

/** Undefined where there is no Python; in CI nothing is skipped, so that there it is a failure. */
function findPython(): string | undefined {
  try {
    return pythonWith(NIO);
  } catch (error) {
    if (error instanceof NoPython && process.env.CI !== 'true') return undefined;
    throw error;
  }
}

async function* runClient(python: string, url: string, store: string): AsyncGenerator<Check> {
  const child = spawn(python, [SCRIPT, url, SERVER_NAME, store], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Check;
}
