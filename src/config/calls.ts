import { duration, isHttpUrl, optionalText, section, texts } from './kinds.ts';

export const turn = section('A relay for calls between users who cannot reach each other, such as coturn.', {
  uris: texts('Where it is.', [], 'a URI such as turn:turn.example.org?transport=udp', value =>
    /^(turns?|stuns?):[^\s]+$/.test(value),
  ),
  shared_secret: optionalText(
    'The secret that it shares with this server (`static-auth-secret` of coturn).',
    'a text',
    value => value !== '',
  ),
  lifetime: duration('How long users can use what they are given before they have to ask again.', '1d'),
});

export const calls = section(
  'What carries the calls of Element X and Element Call (MatrixRTC). Without it clients offer none.',
  {
    livekit_service_urls: texts(
      'Where clients get a token for a LiveKit server: the addresses of lk-jwt-service, the first choice first.',
      [],
      'a URL such as https://calls.example.org',
      isHttpUrl,
    ),
  },
);
