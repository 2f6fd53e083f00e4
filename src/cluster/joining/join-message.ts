import type { Static } from 'typebox';
import { Type } from '../../base/schema.ts';

/** The path under which a board asks to be let in. */
export const JOIN_PATH = '/_copse/cluster/v1/join';
/** The path under which a board tells how it is, and is told what to do. */
export const REPORT_PATH = '/_copse/cluster/v1/report';
/** The path under which a board asks another one for the settings of the server. */
export const SETTINGS_PATH = '/_copse/cluster/v1/settings';
/** Where processes of a cluster are reached by other boards, unless somebody says otherwise. */
export const CLUSTER_PORT = 8470;

export const JoinRequestSchema = Type.Object({
  /** Of the invitation. */
  secret: Type.String({ minLength: 1, maxLength: 100 }),
  name: Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$' }),
  /** `HOST:PORT` */
  address: Type.String({ pattern: '^[A-Za-z0-9.:\\[\\]_-]{1,255}:[0-9]{1,5}$' }),
  labels: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,40}$' }), { maxItems: 20 }),
  /** For a certificate (PKCS #10, PEM). The key stays where it was made. */
  request: Type.String({ minLength: 1, maxLength: 10_000 }),
});
export type JoinRequest = Static<typeof JoinRequestSchema>;

const file = Type.Object({
  /** Below the data folder. */
  name: Type.String({ pattern: '^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)?$', maxLength: 200 }),
  text: Type.String({ maxLength: 1_000_000 }),
});

/** What makes another machine a board of the same server. */
export const JoinAnswerSchema = Type.Object({
  certificate: Type.String(),
  authority: Type.Object({ certificate: Type.String(), key: Type.String() }),
  addresses: Type.Array(Type.String(), { maxItems: 2000 }),
  /** The server's name, keys, secrets and settings. */
  files: Type.Array(file, { maxItems: 300 }),
});
export type JoinAnswer = Static<typeof JoinAnswerSchema>;
