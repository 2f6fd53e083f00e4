import assert from 'node:assert/strict';
import type { AdminServer, AdminSurroundings, Method } from '../../src/cli/admin-server.ts';
import { type Actions, runCommandLine } from '../../src/cli/commands.ts';
import type { JsonObject } from '../../src/core/json.ts';

/** What a command asked of a server, printed, and ended with. */
export interface AdminCalls {
  readonly asked: unknown[];
  readonly text: string;
  readonly code: number;
}

/** Runs a command against a server of which a test says what it answers. `actions`: those that the command may do besides. */
export async function callsOf(
  words: readonly string[],
  answer: (method: Method) => JsonObject,
  { isRunning = true, actions = {} }: { readonly isRunning?: boolean; readonly actions?: Partial<Actions> } = {},
): Promise<AdminCalls> {
  const asked: unknown[] = [];
  const printed: string[] = [];
  const server: AdminServer = {
    serverName: 'copse.test',
    isRunning,
    resolveAlias: async () => assert.fail('no alias is asked for'),
    async call(method, path, body) {
      asked.push([method, path, ...(body === undefined ? [] : [body])]);
      return answer(method);
    },
  };
  const admin = {
    administer: (_: unknown, work: (server: AdminServer) => Promise<unknown>) => work(server),
    print: (text: string) => printed.push(text),
  } as unknown as AdminSurroundings;
  const code = await runCommandLine(words, { ...actions, admin } as Actions);
  return { asked, text: printed.join('\n'), code };
}
