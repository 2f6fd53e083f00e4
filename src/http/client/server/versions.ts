import { endpoint } from '../../endpoint.ts';

/** What the server does in full today. A version is added when its required behaviour is here, and not before. */
const VERSIONS = [
  'r0.0.1',
  'r0.1.0',
  'r0.2.0',
  'r0.3.0',
  'r0.4.0',
  'r0.5.0',
  'r0.6.0',
  'r0.6.1',
  'v1.1',
  'v1.2',
  'v1.3',
  'v1.4',
  'v1.5',
  'v1.6',
  'v1.7',
  'v1.8',
  'v1.9',
  'v1.10',
  'v1.11',
  'v1.12',
  'v1.13',
  'v1.14',
  'v1.15',
  'v1.16',
  'v1.17',
  'v1.18',
  'v1.19',
];

/** Flags by which clients find what is not in a version that we list (minimum sets of js-sdk, nio, mautrix). */
const UNSTABLE: Readonly<Record<string, boolean>> = {
  'com.beeper.msc4169': true,
  'org.matrix.e2e_cross_signing': true,
  'org.matrix.msc3440.stable': true,
  'org.matrix.msc4115': true,
  'org.matrix.msc4222': true,
  'org.matrix.msc3773': true,
  'org.matrix.msc3814': true,
  'org.matrix.msc3967': true,
  'org.matrix.msc4140': true,
  'org.matrix.msc4155': true,
  'org.matrix.msc4380': true,
  'org.matrix.msc4380.stable': true,
  'org.matrix.simplified_msc3575': true,
  'uk.half-shot.msc2666.query_mutual_rooms': true,
  'uk.half-shot.msc2666.query_mutual_rooms.stable': true,
  'uk.tcpip.msc4133': true,
  'uk.tcpip.msc4133.stable': true,
  'uk.timedout.msc4323': true,
};

/** Where there is an OAuth 2.0 API, devices are let in by QR codes. */
const WITH_OAUTH = { 'org.matrix.msc4108': true };

/** Client-server API, "API Versions". */
export const versions = ({ oauth }: { readonly oauth: unknown }) =>
  endpoint({
    method: 'GET',
    path: '/_matrix/client/versions',
    auth: 'none',
    handle: async () => ({
      versions: VERSIONS,
      unstable_features: { ...UNSTABLE, ...(oauth !== undefined && WITH_OAUTH) },
    }),
  });
