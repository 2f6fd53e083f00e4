import type { ConfigArgs } from '../config/load.ts';
import { FrontError } from '../front/front-error.ts';
import type { Route } from '../front/route.ts';
import { askChild } from './ask-child.ts';

/**
 * The paths that a server with these settings serves, found out by another process: for that the whole server is loaded, and
 * whoever stays has no use for it afterwards (30 MB). @throws FrontError
 */
export async function routesFromChild({ config, data }: ConfigArgs): Promise<readonly Route[]> {
  try {
    return (await askChild('front-routes-main', { config, data })) as Route[];
  } catch (error) {
    throw new FrontError(`The paths of the server cannot be told: ${(error as Error).message}`, error);
  }
}
