import { Type } from '../../../base/schema.ts';
import type { Json } from '../../../core/json.ts';
import { arrayElementTexts } from '../../../core/json-elements.ts';
import type { Inbox } from '../../../federation/inbound/inbox.ts';
import { endpoint } from '../../endpoint.ts';

const body = Type.Object(
  { pdus: Type.Optional(Type.Array(Type.Unknown())), edus: Type.Optional(Type.Array(Type.Unknown())) },
  { additionalProperties: true },
);

/** 50 PDUs have 3.2 MiB at most; EDUs have no bound of their own. */
const LARGEST_TRANSACTION = 12 * 1024 * 1024;

/** sendTransaction: events and EDUs of another server. */
export const sendTransaction = ({ inbox }: { readonly inbox: Inbox }) =>
  endpoint({
    method: 'PUT',
    path: '/_matrix/federation/v1/send/:txnId',
    auth: 'server',
    body,
    bodyLimit: LARGEST_TRANSACTION,
    handle: ({ origin, params, body, bodyText }) =>
      inbox.receive(origin, {
        txnId: params.txnId,
        pdus: body.pdus === undefined ? [] : arrayElementTexts(bodyText, 'pdus'),
        edus: (body.edus ?? []) as readonly Json[],
      }),
  });
