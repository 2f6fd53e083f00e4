import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../core/json.ts';
import { metadataText, readClientMetadata } from './client-metadata.ts';
import { OAuthError } from './oauth-error.ts';

const GOOD: JsonObject = { client_uri: 'https://example.com/', redirect_uris: ['https://example.com/back'] };

function refusal(body: JsonObject): string {
  try {
    readClientMetadata(body);
  } catch (error) {
    if (error instanceof OAuthError) return error.code;
    throw error;
  }
  return 'taken';
}

test('N142 what a client may not say of itself is refused', () => {
  const metadata = [
    { client_uri: undefined },
    { client_uri: 'http://example.com/' },
    { client_uri: 'https://user:secret@example.com/' },
    { client_uri: 7 },
    { logo_uri: 'https://elsewhere.example/logo.png' },
    { tos_uri: 'http://example.com/tos' },
    { policy_uri: ['https://example.com/'] },
    { grant_types: ['implicit', 'password'] },
    { grant_types: ['refresh_token'] },
    { grant_types: 'authorization_code' },
    { response_types: ['token'] },
    { application_type: 'browser' },
    {
      tos_uri: `https://example.com/${'x'.repeat(2000)}`,
      policy_uri: `https://example.com/${'x'.repeat(2000)}`,
      logo_uri: `https://example.com/${'x'.repeat(2000)}`,
    },
  ];
  for (const each of metadata)
    assert.equal(refusal({ ...GOOD, ...each } as JsonObject), 'invalid_client_metadata', JSON.stringify(each));
  const redirects = [
    { redirect_uris: undefined },
    { redirect_uris: [] },
    { redirect_uris: ['https://elsewhere.example/'] },
    { redirect_uris: ['https://example.com/back', 'http://localhost/'] },
    { redirect_uris: Array.from({ length: 11 }, (_, index) => `https://example.com/${index}`) },
  ];
  for (const each of redirects)
    assert.equal(refusal({ ...GOOD, ...each } as JsonObject), 'invalid_redirect_uri', JSON.stringify(each));
  assert.equal(refusal(GOOD), 'taken');
});

test('what is registered is what is understood: a public client, without languages', () => {
  const registered = readClientMetadata({
    ...GOOD,
    client_name: ' My\u202e App\n ',
    'client_name#fr': 'Mon application',
    logo_uri: 'https://cdn.example.com/logo.png',
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    response_types: ['code', 'id_token'],
    software_id: 'x',
  });
  assert.deepEqual(registered, {
    client_name: 'My App',
    client_uri: 'https://example.com/',
    logo_uri: 'https://cdn.example.com/logo.png',
    redirect_uris: ['https://example.com/back'],
    token_endpoint_auth_method: 'none',
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    application_type: 'web',
  });
});

test('the order in which things are said makes no difference', () => {
  const [one, other] = [
    readClientMetadata({ ...GOOD, grant_types: ['refresh_token', 'authorization_code'], client_name: 'A' }),
    readClientMetadata({ client_name: 'A', ...GOOD, grant_types: ['authorization_code', 'refresh_token'] }),
  ];
  assert.equal(metadataText(one), metadataText(other));
  assert.notEqual(metadataText(one), metadataText(readClientMetadata({ ...GOOD, client_name: 'B' })));
});
