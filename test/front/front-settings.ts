import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';

/** The settings of a server, as they are where nobody said anything. */
export function settingsFor(name: string): Config {
  return loadConfig({ data: '/nowhere', name }, { config: undefined, data: undefined, noColor: true });
}
