import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError } from '../config/problems.ts';
import type { RoomAlias, ServerName, UserId } from '../core/ids.ts';
import { ownsUser } from './registration.ts';
import { readRegistrations } from './registration-file.ts';

const GOOD = `
id: irc
url: 'http://localhost:9999/'
as_token: a
hs_token: b
sender_localpart: irc_bot
de.sorunome.msc2409.push_ephemeral: true
something.of.the.bridge: 12
namespaces:
  users:
    - { exclusive: true, regex: '@irc_.*:one\\.example' }
    - { exclusive: false, regex: '@relayed_.*' }
  aliases: []
`;

function files(t: TestContext, ...texts: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'copse-registration-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return texts.map((text, at) => {
    const file = join(folder, `${at}.yaml`);
    writeFileSync(file, text);
    return file;
  });
}

const ONE = 'one.example' as ServerName;

function problemsOf(paths: readonly string[]): string[] {
  try {
    readRegistrations(paths, ONE);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ where, reason }) => `${where.replace(/.*\//, '')} ${reason}`);
    throw error;
  }
  return [];
}

test('a registration is read as bridges write it', t => {
  const [irc] = readRegistrations(files(t, GOOD), ONE);
  assert.ok(irc);
  assert.deepEqual(
    [
      irc.id,
      irc.url,
      irc.asToken,
      irc.hsToken,
      irc.sender,
      irc.rateLimited,
      irc.receivesEphemeral,
      irc.receivesEncryption,
    ],
    ['irc', 'http://localhost:9999', 'a', 'b', '@irc_bot:one.example', true, true, false],
  );
  const owned = [
    '@irc_bot:one.example',
    '@irc_x:one.example',
    '@relayed_x:one.example',
    '@x:one.example',
    '@x@irc_x:one.example',
  ];
  assert.deepEqual(
    owned.map(user => ownsUser(irc, user as UserId)),
    [true, true, true, false, false],
  );
  assert.deepEqual(
    owned.map(user => irc.users.hasExclusively(user as UserId)),
    [true, true, false, false, false],
  );
  assert.equal(irc.aliases.has('#irc:one.example' as RoomAlias), false);
});

test('one without an address is told nothing, and may still act', t => {
  const [quiet] = readRegistrations(files(t, GOOD.replace(/url: .*/, 'url: null')), ONE);
  assert.equal(quiet?.url, undefined);
});

test('everything that is wrong is named with its line', t => {
  const bad = `id: 12
url: localhost
as_token: ''
hs_token: b
rate_limited: sometimes
sender_localpart: ''
protocols: irc
namespaces:
  users:
    - { regex: '(' }
    - { exclusive: true }
  rooms: everywhere
`;
  assert.deepEqual(problemsOf(files(t, bad)), [
    '0.yaml:1 id is missing, or no text.',
    '0.yaml:2 url is no address of HTTP.',
    '0.yaml:3 as_token is missing, or no text.',
    '0.yaml:6 sender_localpart is missing, or no text.',
    '0.yaml:5 rate_limited is neither true nor false.',
    '0.yaml:7 protocols is no list of names.',
    '0.yaml:10 The regex cannot be read: Invalid regular expression: /^(?:()/: Unterminated group.',
    '0.yaml:11 The namespace needs a regex, and exclusive: true or false.',
    '0.yaml:12 namespaces.rooms is no list.',
  ]);
  assert.match(problemsOf(['/nowhere/at/all.yaml'])[0] ?? '', /^all.yaml The registration file cannot be read/);
});

test('two cannot share an ID, a token or a user', t => {
  const other = GOOD.replace('id: irc', 'id: other');
  const [first, second] = files(t, GOOD, other);
  assert.deepEqual(problemsOf([first ?? '', second ?? '']), [
    `1.yaml as_token is the same as in ${first}.`,
    `1.yaml sender_localpart is the same as in ${first}.`,
  ]);
});

test('N191 a pattern that gets lost in some names is refused, and the usual ones are not', t => {
  const slow = ['@irc_(a+)+b', '(@.*)*x', '@x([a-z]*)*!', '@bot_(\\w|\\d)*:y'];
  for (const regex of slow) {
    const text = GOOD.replace("'@relayed_.*'", `'${regex}'`);
    assert.deepEqual(
      problemsOf(files(t, text)),
      [`0.yaml:12 The regex ${regex} takes for ever over some names.`],
      regex,
    );
  }
  const usual = ['@_irc_.*', '@telegram_[0-9]+:one\\.example', '.*', '@(discord|slack)_[a-z0-9_.=-]+:.*', '@bot'];
  for (const regex of usual)
    assert.deepEqual(problemsOf(files(t, GOOD.replace("'@relayed_.*'", `'${regex}'`))), [], regex);
});
