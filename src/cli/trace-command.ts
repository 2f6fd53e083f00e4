import type { Command } from 'commander';
import { type Trace, traceText } from '../federation/doctor/trace.ts';
import { type AdminCommands, addAdminCommand } from './admin-command.ts';
import { part } from './admin-server.ts';

/** `copse trace EVENT_ID`: what became of an event. */
export function addTraceCommand(commands: AdminCommands, program: Command): void {
  const words = {
    name: 'trace <event>',
    description: 'tell what became of an event: who signed it, whether it was believed, whom it reached',
  };
  addAdminCommand(commands, program, words, async (server, [eventId = '']) => {
    const json = await server.call('GET', `copse/v1/trace/${part(eventId)}`);
    return { json, text: traceText(json as unknown as Trace) };
  });
}
