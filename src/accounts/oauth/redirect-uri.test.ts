import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowedRedirect, isRegisteredRedirect, withAnswer } from './redirect-uri.ts';

const PAGE = new URL('https://example.com/');

test('N142 a web client is reached over https on its own host or below it', () => {
  const refused = [
    'https://example.com/callback#fragment',
    'http://example.com/callback',
    'http://localhost/',
    'https://localhost/callback',
    'https://user@example.com/',
    'https://example.com:pass@evil.example/',
    'https://evil.example/',
    'https://evilexample.com/',
    'https://example.com.evil.example/',
    'https://evil.example\\@example.com/',
    'https://example.com /',
    'https:example.com/',
    'javascript:alert(1)',
    'com.example:/callback',
    '',
    `https://example.com/${'x'.repeat(2048)}`,
  ];
  for (const uri of refused) assert.ok(!isAllowedRedirect(uri, PAGE, 'web'), uri);
  const allowed = [
    'https://example.com/callback',
    'https://app.example.com/callback',
    'https://example.com:5173/?query=value',
  ];
  for (const uri of allowed) assert.ok(isAllowedRedirect(uri, PAGE, 'web'), uri);
});

test('N142 a native client has a scheme of its own, its own machine, or an address that it claims', () => {
  const refused = [
    'example:/callback',
    'com.example.app://callback',
    'https://localhost/callback',
    'http://localhost:1234/callback',
    'http://localhost.evil.example/',
    'http://127.0.0.1:8080',
    'http://127.0.0.2/',
    'http://user@localhost/',
    'http://localhost@evil.example/',
    'http://example.com/callback',
    'com.example:/callback#fragment',
    'com.examples:/callback',
    'com.exampleapp:/callback',
    'javascript:alert(1)',
  ];
  for (const uri of refused) assert.ok(!isAllowedRedirect(uri, PAGE, 'native'), uri);
  const allowed = [
    'com.example.app:/callback',
    'com.example:/',
    'com.example:callback',
    'http://localhost/callback',
    'http://127.0.0.1/callback',
    'http://[::1]/callback',
    'http://localhost',
    'https://app.example.com/claimed',
  ];
  for (const uri of allowed) assert.ok(isAllowedRedirect(uri, PAGE, 'native'), uri);
});

test('N142 a redirect URI is the registered one to the letter, but for the port on the own machine', () => {
  const registered = ['https://app.example/back', 'http://127.0.0.1/back', 'http://[::1]/back', 'com.example:/back'];
  const refused = [
    'https://app.example/back/',
    'https://app.example/Back',
    'https://app.example/back?x=1',
    'https://app.example/x/../back',
    'https://app.example:443/back',
    'https://APP.example/back',
    'http://127.0.0.1:80801234/back',
    'http://127.0.0.1:8080/other',
    'http://localhost:8080/back',
    'http://127.0.0.1:8080@evil.example/back',
    'http://127.0.0.1:8080/back#x',
    'com.example:/back ',
    '',
  ];
  for (const uri of refused) assert.ok(!isRegisteredRedirect(uri, registered), uri);
  const matching = [...registered, 'http://127.0.0.1:8080/back', 'http://[::1]:9/back'];
  for (const uri of matching) assert.ok(isRegisteredRedirect(uri, registered), uri);
});

test('an answer stands behind what the address has already', () => {
  const answer = { code: 'a b', state: '&=#' };
  assert.equal(
    withAnswer('https://a.example/?x=%20', 'query', answer),
    'https://a.example/?x=%20&code=a+b&state=%26%3D%23',
  );
  assert.equal(withAnswer('com.example:back', 'query', answer), 'com.example:back?code=a+b&state=%26%3D%23');
  assert.equal(
    withAnswer('https://a.example/?x=1', 'fragment', answer),
    'https://a.example/?x=1#code=a+b&state=%26%3D%23',
  );
});
