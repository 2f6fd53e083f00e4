import type { Command } from 'commander';
import type { JsonObject } from '../core/json.ts';
import { type AdminCommands, addAdminCommand, flagOption, textOption } from './admin-command.ts';
import { part, type Shown } from './admin-server.ts';
import { ageOption, countOption } from './given.ts';
import { factsText, shownText, tableText, timeText } from './table-text.ts';

/** `copse token ls|show|add|rm`: registration tokens. */
export function addTokenCommands(commands: AdminCommands, token: Command): void {
  const add = addAdminCommand.bind(undefined, commands, token);
  add(
    {
      name: 'ls',
      description: 'list registration tokens',
      options: [['--valid', 'those that are good for something']],
    },
    async (server, _, options) => {
      const query = flagOption(options, 'valid') ? '?valid=true' : '';
      const { registration_tokens: tokens = [] } = await server.call('GET', `v1/registration_tokens${query}`);
      const rows = (tokens as JsonObject[]).map(one => [
        shownText(one.token, 64),
        usesText(one),
        timeText(one.expiry_time),
      ]);
      return { json: tokens, text: tableText(['token', 'used', 'expires'], rows, 'There are no tokens.') };
    },
  );
  add({ name: 'show <token>', description: 'tell all about a token' }, async (server, [name = '']) =>
    tokenText(await server.call('GET', `v1/registration_tokens/${part(name)}`)),
  );
  add(
    {
      name: 'add [token]',
      description: 'make a token with which people can register; one is made up unless given',
      options: [
        ['--uses <number>', 'how many accounts can be made with it'],
        ['--expires-in <age>', 'how long it is good, such as 7d'],
      ],
    },
    async (server, [name], options) => {
      const expires =
        textOption(options, 'expiresIn') === undefined
          ? null
          : commands.surroundings.now() + ageOption(options, 'expiresIn');
      const body = { token: name ?? null, uses_allowed: countOption(options, 'uses') ?? null, expiry_time: expires };
      const made = await server.call('POST', 'v1/registration_tokens/new', body);
      return { json: made, text: String(made.token) };
    },
  );
  add({ name: 'rm <token>', description: 'delete a token' }, async (server, [name = '']) => {
    const json = await server.call('DELETE', `v1/registration_tokens/${part(name)}`, {});
    return { json, text: `The token ${shownText(name)} is gone.` };
  });
}

function usesText({ uses_allowed: allowed, completed, pending }: JsonObject): string {
  const waiting = pending === 0 ? '' : `, ${pending} under way`;
  return `${completed} of ${allowed ?? 'any number'}${waiting}`;
}

function tokenText(token: JsonObject): Shown {
  const facts: [string, string][] = [
    ['token', shownText(token.token, 64)],
    ['used', usesText(token)],
    ['expires', timeText(token.expiry_time)],
  ];
  return { json: token, text: factsText(facts) };
}
