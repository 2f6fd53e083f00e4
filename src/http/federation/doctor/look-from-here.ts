import { Type } from '../../../base/schema.ts';
import { isServerName } from '../../../core/ids.ts';
import { invalidParam } from '../../../core/matrix-error.ts';
import { LOOK_PATH, type Vantage } from '../../../federation/doctor/vantage.ts';
import { endpoint } from '../../endpoint.ts';

const Body = Type.Object({ server: Type.String({ maxLength: 255 }), token: Type.String({ maxLength: 100 }) });

/**
 * Ours, between Copse and Copse: looks at a server as it is found from here. Nobody has to sign for it: the keys of a server
 * that cannot be reached could not be had. Only where the settings allow it, and once a minute.
 */
export const lookFromHere = (vantage: Pick<Vantage, 'look'>) =>
  endpoint({
    method: 'POST',
    path: LOOK_PATH,
    auth: 'none',
    body: Body,
    async handle({ body: { server, token } }) {
      if (!isServerName(server)) throw invalidParam(`${server} is no server name.`);
      return { front: await vantage.look(server, token) };
    },
  });
