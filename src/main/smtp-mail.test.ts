import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { refusal } from '../../test/support/media.ts';
import { SmtpServer } from '../../test/support/smtp-server.ts';
import { silentLog } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import { smtpMail } from './smtp-mail.ts';

async function mailing(t: TestContext, more: Partial<Config['mail']> = {}) {
  const server = await SmtpServer.open();
  t.after(() => server[Symbol.asyncDispose]());
  const settings = { from: 'copse@example.org', server: '127.0.0.1', port: server.port, security: 'none' as const };
  const mail = smtpMail({
    settings: { ...settings, ...more },
    baseUrl: 'https://example.org/',
    log: silentLog,
  });
  return { server, mail: mail ?? assert.fail('no sender') };
}

const MAIL = {
  to: 'a@example.com',
  subject: 'Größe',
  text: 'A line\n.\n..with dots\nhttps://example.org/?token=abc_-=\n',
};

test('a mail is given to the mail server, to one recipient', async t => {
  const { server, mail } = await mailing(t, { user: 'copse', password: 'secret' });
  assert.equal(mail.baseUrl, 'https://example.org');
  await mail.send(MAIL);
  const [taken] = server.mails;
  assert.deepEqual([taken?.from, taken?.to], ['copse@example.org', ['a@example.com']]);
  assert.match(taken?.data ?? '', /^Auto-Submitted: auto-generated$/m);
  assert.match(taken?.data ?? '', /^Subject: =\?UTF-8\?/m);
  assert.deepEqual(server.logins, ['copse secret']);
});

test('an address cannot become two, nor a header', async t => {
  const { server, mail } = await mailing(t);
  for (const to of [
    'a@example.com, b@example.com',
    'a@example.com\r\nBcc: b@example.com',
    'a@example.com>,<b@example.com',
  ]) {
    await mail.send({ ...MAIL, to }).catch(() => undefined);
    for (const taken of server.mails) {
      assert.ok(taken.to.length <= 1, to);
      assert.doesNotMatch(taken.data, /^Bcc:/m);
    }
  }
});

test('a mail that is not taken is an error, and so is a server that speaks no TLS', async t => {
  const { server, mail } = await mailing(t);
  server.recipientAnswer = '550 no such user';
  assert.equal(await refusal(mail.send(MAIL)), '502 M_UNKNOWN');
  const strict = await mailing(t, { security: 'starttls' });
  assert.equal(await refusal(strict.mail.send(MAIL)), '502 M_UNKNOWN');
  assert.deepEqual(strict.server.mails, []);
  const gone = await mailing(t, { port: 1 });
  assert.equal(await refusal(gone.mail.send(MAIL)), '502 M_UNKNOWN');
});

test('without a sender there is no mail', () => {
  const settings = {
    server: 'x',
    port: 1,
    security: 'none',
  } as const;
  assert.equal(smtpMail({ settings, baseUrl: '', log: silentLog }), undefined);
});
