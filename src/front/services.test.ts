import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrontError } from './front-error.ts';
import { parseServices, type Service, servicesText, withoutService, withService } from './services.ts';

const wiki: Service = { name: 'wiki', url: 'http://10.77.0.9:8080', host: 'wiki.example.org' };
const RESERVED = ['matrix.example.org'];

test('what is no service, or stands in the way of another, is refused in words', () => {
  const refused: readonly (readonly [Partial<Service>, RegExp])[] = [
    [{ name: 'Wiki' }, /small letters/],
    [{ name: 'a b' }, /small letters/],
    [{ host: 'localhost' }, /no host name/],
    [{ host: 'wiki.example.org;' }, /no host name/],
    [{ host: `${'a'.repeat(64)}.org` }, /no host name/],
    [{ url: '10.77.0.9:8080' }, /no address/],
    [{ url: 'ftp://10.77.0.9' }, /no address/],
    [{ url: 'http://10.77.0.9/path' }, /no address/],
    [{ url: 'http://10.77.0.9:99999' }, /no address/],
    [{ url: 'http://user@10.77.0.9' }, /no address/],
    [{ url: 'http://10.77.0.9;x' }, /no address/],
    [{ name: 'other', host: 'matrix.example.org' }, /Copse itself/],
    [{ name: 'other' }, /belongs to the service wiki/],
    [{ host: 'other.example.org' }, /rm wiki/],
  ];
  for (const [part, why] of refused)
    assert.throws(
      () => withService([wiki], { ...wiki, ...part }, RESERVED),
      (error: Error) => error instanceof FrontError && why.test(error.message),
      JSON.stringify(part),
    );
  assert.throws(() => withoutService([wiki], 'other'), /no service other/);
});

test('a service is added, written, read and taken away', () => {
  const git: Service = { name: 'git', url: 'https://[fd00::9]:3000', host: 'git.example.org' };
  const both = withService([wiki], git, RESERVED);
  assert.deepEqual(both, [git, wiki]);
  assert.deepEqual(parseServices(servicesText(both), 'services.json'), both);
  assert.deepEqual(withoutService(both, 'wiki'), [git]);
});

test('an address may end with a slash, which is left out', () => {
  assert.deepEqual(withService([], { ...wiki, url: `${wiki.url}/` }, []), [wiki]);
});

test('a file that holds something else is an error', () => {
  for (const text of ['', '{}', '[]', '{"services":{}}', '{"services":[null]}', '{"services":[{"name":"wiki"}]}'])
    assert.throws(() => parseServices(text, 'services.json'), FrontError, text);
});
