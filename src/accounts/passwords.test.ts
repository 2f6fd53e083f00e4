import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../base/random.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { argon2idOnThreadPool, Passwords } from './passwords.ts';

const cheap = { memoryKib: 8, passes: 1, minimumLength: 8 };

test('a password belongs to its own hash only, and no two hashes are the same', async () => {
  const passwords = new Passwords(cheap, systemRandom);
  const hash = await passwords.hash('übers3kr1t');
  assert.match(hash, /^\$argon2id\$v=19\$m=8,t=1,p=1\$[^$]{22}\$[^$]{43}$/);
  assert.equal(await passwords.verify('übers3kr1t', hash), true);
  assert.equal(await passwords.verify('ubers3kr1t', hash), false);
  assert.notEqual(await passwords.hash('übers3kr1t'), hash);
});

test('a hash made at another cost is still verified', async () => {
  const hash = await new Passwords({ ...cheap, passes: 3, memoryKib: 32 }, systemRandom).hash('password1');
  assert.equal(await new Passwords(cheap, systemRandom).verify('password1', hash), true);
});

test('a hash of the reference implementation is understood', async () => {
  // argon2id, password "password", salt "somesalt": a vector of the reference implementation.
  const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  assert.equal(await new Passwords(cheap, systemRandom).verify('password', hash), true);
});

test('N135 an overlong password is refused without hashing it', async () => {
  const passwords = new Passwords({ ...cheap, memoryKib: 19 * 1024, passes: 50 }, systemRandom);
  const long = 'a'.repeat(1024 * 1024);
  // Fifty passes over 19 MB would take seconds of this process's CPU.
  const start = process.cpuUsage();
  await assert.rejects(
    passwords.hash(long),
    error => error instanceof MatrixError && error.errcode === 'M_INVALID_PARAM',
  );
  assert.equal(await passwords.verify(long, undefined), false);
  assert.ok(process.cpuUsage(start).user < 500_000);
});

test('N135 too many at once are turned away with a time to come back', async () => {
  const passwords = new Passwords(cheap, systemRandom);
  const results = await Promise.allSettled(Array.from({ length: 100 }, () => passwords.verify('p', undefined)));
  const refused = results.filter(result => result.status === 'rejected').map(result => result.reason as MatrixError);
  assert.equal(refused.length, 100 - 2 - 64);
  assert.equal(refused[0]?.status, 429);
  assert.equal(await passwords.verify('p', undefined), false);
});

test('N136 an unknown user costs the same work as a wrong password', async () => {
  const work: object[] = [];
  const passwords = new Passwords(cheap, systemRandom, undefined, parameters => {
    const { message: _, nonce: __, ...cost } = parameters;
    work.push(cost);
    return argon2idOnThreadPool(parameters);
  });
  const hash = await passwords.hash('password1');
  assert.equal(await passwords.verify('password2', hash), false);
  assert.equal(await passwords.verify('password2', undefined), false);
  assert.deepEqual(work, Array(3).fill({ tagLength: 32, memory: 8, passes: 1, parallelism: 1 }));
});

test('a short password is weak; an empty or garbled hash lets nobody in', async () => {
  const passwords = new Passwords(cheap, systemRandom);
  await assert.rejects(passwords.hash('seven77'), error => (error as MatrixError).errcode === 'M_WEAK_PASSWORD');
  for (const hash of ['', 'x', '$argon2id$v=19$m=8,t=1,p=1$$']) assert.equal(await passwords.verify('', hash), false);
});
