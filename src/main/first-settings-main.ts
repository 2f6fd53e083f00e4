import { type ConfigArgs, loadConfig } from '../config/load.ts';
import type { FirstSettings } from './first-settings.ts';

/** A program for `firstSettings`: prints what the settings say that its argument names, as JSON. */
const { listen, memory } = loadConfig(JSON.parse(process.argv[2] ?? '{}') as ConfigArgs);
const told: FirstSettings = { host: listen.client.host, port: listen.client.port, memory };
process.stdout.write(JSON.stringify(told), () => process.exit());
