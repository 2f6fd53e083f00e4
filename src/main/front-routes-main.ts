import type { ConfigArgs } from '../config/load.ts';
import { loadConfig } from '../config/load.ts';
import { frontRoutes } from './front-plan.ts';

/** A program for `routesFromChild`: prints the routes of a server with the settings that its argument names, as JSON. */
const args = JSON.parse(process.argv[2] ?? '{}') as ConfigArgs;
const routes = await frontRoutes(loadConfig(args));
process.stdout.write(JSON.stringify(routes), () => process.exit());
