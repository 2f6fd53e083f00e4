import type { ConfigArgs } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { askChild } from './ask-child.ts';

/** What an agent wants of the settings of a server when nobody says yet what shall run. */
export interface FirstSettings extends Pick<Config, 'memory'> {
  /** Where clients are listened to. */
  readonly host: string;
  readonly port: number;
}

/** Found out by another process: the agent stays, and has no use for what reads settings afterwards (2 MB of its 60). */
export async function firstSettings({ data }: Pick<ConfigArgs, 'data'>): Promise<FirstSettings> {
  return (await askChild('first-settings-main', { data })) as FirstSettings;
}
