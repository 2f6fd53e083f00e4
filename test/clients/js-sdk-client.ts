// One Matrix client in a process of its own. The process that forked it gives commands over IPC.
import { accountCommands } from './js-sdk/account-commands.ts';
import { cryptoCommands } from './js-sdk/crypto-commands.ts';
import { delayedCommands } from './js-sdk/delayed-commands.ts';
import { Device } from './js-sdk/device.ts';
import { findingCommands } from './js-sdk/finding-commands.ts';
import { mediaCommands } from './js-sdk/media-commands.ts';
import { messageCommands } from './js-sdk/message-commands.ts';
import { oauthCommands } from './js-sdk/oauth-commands.ts';
import { readingCommands } from './js-sdk/reading-commands.ts';
import { roomCommands } from './js-sdk/room-commands.ts';
import { sessionCommands } from './js-sdk/session-commands.ts';
import { spaceCommands } from './js-sdk/space-commands.ts';

const commandsOf = (device: Device) => ({
  ...sessionCommands(device),
  ...roomCommands(device),
  ...messageCommands(device),
  ...readingCommands(device),
  ...mediaCommands(device),
  ...cryptoCommands(device),
  ...spaceCommands(device),
  ...findingCommands(device),
  ...accountCommands(device),
  ...delayedCommands(device),
  ...oauthCommands(device),
});

export type Commands = ReturnType<typeof commandsOf>;

/** A command, and the answer to it under the same number. Everything in them can be cloned. */
export interface Request {
  readonly id: number;
  readonly command: keyof Commands;
  readonly args: readonly unknown[];
}
export type Answer =
  | { readonly id: number; readonly result?: unknown }
  | { readonly id: number; readonly error: string };

type AnyCommand = (...args: readonly unknown[]) => unknown;

const baseUrl = process.argv[2];
if (baseUrl === undefined) throw new Error('The URL of the server is missing.');
const commands = commandsOf(new Device(baseUrl));

process.on('message', async ({ id, command, args }: Request) => {
  const answer = (message: Answer) => process.send?.(message);
  try {
    answer({ id, result: await (commands[command] as AnyCommand)(...args) });
  } catch (error) {
    answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
// Whoever forked it is gone.
process.on('disconnect', () => process.exit());
