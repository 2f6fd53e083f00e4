import { endpoint } from '../../endpoint.ts';

/** What carries the sound and pictures of calls (MSC4143): the services that give tokens for LiveKit servers. */
export interface CallSettings {
  /** Base URLs, the first choice first. */
  readonly livekitUrls: readonly string[];
}

/** As clients read it, here and in `/.well-known/matrix/client`. */
export function transportsOf({ livekitUrls }: CallSettings) {
  return livekitUrls.map(url => ({ type: 'livekit', livekit_service_url: url }));
}

/** MSC4143, `GET /rtc/transports`. Without any, clients say that calls are not possible here. */
export const rtcTransports = ({ calls }: { readonly calls: CallSettings }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/unstable/org.matrix.msc4143/rtc/transports',
    auth: 'user',
    limit: 'other',
    handle: async () => ({ rtc_transports: transportsOf(calls) }),
  });
