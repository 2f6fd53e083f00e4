import type { Endpoint } from '../../src/http/endpoint.ts';
import { HttpServer } from '../../src/http/server.ts';
import { keyOf } from './operations.ts';

/**
 * Loaded before the tests (`--import`): the operation in COPSE_SABOTAGE does nothing any more and answers `{}` to those
 * who may call it, as an endpoint would that somebody made to please a list. With COPSE_SABOTAGE_AS=missing it is not
 * served at all.
 */
const key = process.env.COPSE_SABOTAGE;
const isMissing = process.env.COPSE_SABOTAGE_AS === 'missing';

function isMeant({ method, path, alsoAt = [] }: Endpoint): boolean {
  return [path, ...alsoAt].some(each => keyOf({ method, path: each }) === key);
}

function sabotaged(endpoint: Endpoint): Endpoint[] {
  if (!isMeant(endpoint)) return [endpoint];
  return isMissing ? [] : [{ ...endpoint, handle: async () => ({}) }];
}

if (key !== undefined) {
  const { add } = HttpServer.prototype;
  HttpServer.prototype.add = function addSabotaged(endpoints) {
    add.call(this, endpoints.flatMap(sabotaged));
  };
}
