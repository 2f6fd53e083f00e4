import type { Endpoint } from '../../src/http/endpoint.ts';
import { HttpServer } from '../../src/http/server.ts';
import { keyOf } from './operations.ts';

/**
 * Loaded before the tests (`--import`): the operation in COPSE_SABOTAGE does nothing any more and answers `{}`, as an
 * endpoint would that somebody made to please a list. With COPSE_SABOTAGE_AS=missing it is not served at all.
 */
const key = process.env.COPSE_SABOTAGE;
const isMissing = process.env.COPSE_SABOTAGE_AS === 'missing';

function isMeant({ method, path, alsoAt = [] }: Endpoint): boolean {
  return [path, ...alsoAt].some(each => keyOf({ method, path: each }) === key);
}

if (key !== undefined) {
  const { add } = HttpServer.prototype;
  HttpServer.prototype.add = function sabotaged(endpoints) {
    const left = isMissing ? endpoints.filter(endpoint => !isMeant(endpoint)) : endpoints;
    add.call(
      this,
      left.map(endpoint => (isMeant(endpoint) ? { ...endpoint, handle: async () => ({}) } : endpoint)),
    );
  };
}
