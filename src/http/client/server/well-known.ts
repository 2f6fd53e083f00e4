import { notFound } from '../../../core/matrix-error.ts';
import { type Endpoint, endpoint } from '../../endpoint.ts';
import { type CallSettings, transportsOf } from './rtc-transports.ts';

/** What delegation says; the addresses come from the configuration. */
export interface WellKnown {
  /** The base URL for clients. */
  readonly client: string | undefined;
  /** Host and port for other servers. */
  readonly server: string | undefined;
  readonly support: {
    readonly page: string | undefined;
    readonly email: string | undefined;
    readonly matrixId: string | undefined;
    readonly securityEmail: string | undefined;
  };
  /** The public key of a policy server under this name: unpadded base64 of Ed25519. */
  readonly policyServerKey: string | undefined;
  readonly calls: CallSettings;
}

/** Client-server API, "Well-known URI"; server-server API, "Resolving server names". */
export function wellKnownRoutes(wellKnown: WellKnown): Endpoint[] {
  return [
    wellKnownClient(wellKnown),
    wellKnownServer(wellKnown),
    wellKnownSupport(wellKnown),
    wellKnownPolicyServer(wellKnown),
  ];
}

const wellKnownClient = ({ client, calls }: WellKnown) =>
  endpoint({
    method: 'GET',
    path: '/.well-known/matrix/client',
    auth: 'none',
    async handle() {
      if (client === undefined) throw notFound('This server has no public address (public_base_url) set.');
      const foci = transportsOf(calls);
      return {
        'm.homeserver': { base_url: client },
        ...(foci.length === 0 ? {} : { 'org.matrix.msc4143.rtc_foci': foci }),
      };
    },
  });

export const wellKnownServer = ({ server }: WellKnown) =>
  endpoint({
    method: 'GET',
    path: '/.well-known/matrix/server',
    auth: 'none',
    async handle() {
      if (server === undefined) throw notFound('This server delegates to no other address.');
      return { 'm.server': server };
    },
  });

const wellKnownSupport = ({ support }: WellKnown) =>
  endpoint({
    method: 'GET',
    path: '/.well-known/matrix/support',
    auth: 'none',
    async handle() {
      const contacts = [
        contact('m.role.admin', support.email, support.matrixId),
        contact('m.role.security', support.securityEmail, undefined),
      ].filter(entry => Object.keys(entry).length > 1);
      if (contacts.length === 0 && support.page === undefined) throw notFound('The operator has not said whom to ask.');
      return {
        ...(contacts.length === 0 ? {} : { contacts }),
        ...(support.page === undefined ? {} : { support_page: support.page }),
      };
    },
  });

const wellKnownPolicyServer = ({ policyServerKey }: WellKnown) =>
  endpoint({
    method: 'GET',
    path: '/.well-known/matrix/policy_server',
    auth: 'none',
    async handle() {
      if (policyServerKey === undefined) throw notFound('There is no policy server under this name.');
      return { public_keys: { ed25519: policyServerKey } };
    },
  });

function contact(role: string, email: string | undefined, matrixId: string | undefined): Record<string, string> {
  return {
    role,
    ...(email === undefined ? {} : { email_address: email }),
    ...(matrixId === undefined ? {} : { matrix_id: matrixId }),
  };
}
