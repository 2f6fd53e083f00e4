import type { Command } from 'commander';
import type { ConfigArgs } from '../config/load.ts';
import type { JsonObject } from '../core/json.ts';
import { type Diagnosis, diagnose } from '../federation/doctor/diagnose.ts';
import type { Facts } from '../federation/doctor/facts.ts';
import { readFacts } from '../federation/doctor/read-facts.ts';
import { type Again, causesText, type Done, exitCode, explainText, reportText } from '../federation/doctor/report.ts';
import type { RepairKind } from '../federation/doctor/verdict.ts';
import type { AdminCommands } from './admin-command.ts';
import { type AdminServer, part, RefusedError, UsageError } from './admin-server.ts';

interface DoctorOptions extends ConfigArgs {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly explain?: string | true;
  readonly save?: string;
  readonly facts?: string;
  readonly takeState?: string;
  readonly vantage?: string;
}

interface Examined {
  readonly facts: Facts;
  readonly diagnosis: Diagnosis;
  readonly done: readonly Done[];
  /** What is left after that; undefined where nothing was done. */
  readonly after: Diagnosis | undefined;
  /** When the watch looks again. */
  readonly again: Again;
}

type Seen = Pick<Examined, 'facts' | 'again'>;

const API = 'copse/v1/doctor/federation';

/** `copse doctor federation [SERVER...]`: from "messages are missing" to the cause and the cure. */
export function addDoctorCommands({ surroundings, finish }: AdminCommands, doctor: Command): void {
  doctor
    .command('federation [servers...]')
    .description('find out what is wrong between this server and others, and mend what can be mended')
    .option('--dry-run', 'mend nothing')
    .option('--explain [cause]', 'tell about a cause such as D06, or list all of them')
    .option('--save <file>', 'keep what was seen in a file')
    .option('--facts <file>', 'look at what was kept in a file instead of at the server')
    .option('--vantage <server>', 'have another Copse look at this server from outside')
    .option('--take-state <room>', 'take the state of a room in as that server has it, where that is safe')
    .option('--json', 'print what programs read')
    .option('--config <file>', 'a configuration file (none is needed)')
    .option('--data <folder>', 'the data folder (default: ./copse-data)')
    .action(async (servers: readonly string[], options: DoctorOptions) => {
      if (options.explain !== undefined) {
        surroundings.print(explained(options.explain));
        return finish(0);
      }
      const { facts, save, config, data } = options;
      const from: ConfigArgs = { ...(config !== undefined && { config }), ...(data !== undefined && { data }) };
      if (options.takeState !== undefined) {
        const { lines } = await surroundings.administer(from, server =>
          takeState(server, servers, options.takeState ?? ''),
        );
        surroundings.print(options.json === true ? JSON.stringify({ lines }, null, 2) : lines.join('\n'));
        return finish(lines[0]?.startsWith('refused') === true ? 1 : 0);
      }
      const keep = async (seen: Facts) => {
        if (save !== undefined) await surroundings.writeFile(save, JSON.stringify(seen, null, 1));
      };
      const examined =
        facts === undefined
          ? await surroundings.administer(from, server =>
              examine({ server, renewFront: () => surroundings.renewFront(from) }, { servers, ...options }, keep),
            )
          : fromFile(await readFacts(await surroundings.readFile(facts)));
      surroundings.print(options.json === true ? JSON.stringify(examined, null, 2) : textOf(examined));
      finish(exitCode(examined.after ?? examined.diagnosis));
    });
}

function explained(cause: string | true): string {
  if (cause === true) return causesText();
  const text = explainText(cause);
  if (text === undefined) throw new UsageError(`There is no cause ${cause}. These are known:\n${causesText()}`);
  return text;
}

function fromFile(facts: Facts): Examined {
  return { facts, diagnosis: diagnose(facts), done: [], after: undefined, again: {} };
}

function textOf({ diagnosis, done, after, again }: Examined): string {
  return reportText(diagnosis, done, after, again);
}

/** Who does what can be done: the server, and for a front the command itself. */
interface Doing {
  readonly server: AdminServer;
  readonly renewFront: () => Promise<string[]>;
}

async function examine(
  doing: Doing,
  {
    servers,
    vantage,
    dryRun = false,
  }: Pick<DoctorOptions, 'vantage' | 'dryRun'> & { readonly servers: readonly string[] },
  keep: (facts: Facts) => Promise<void>,
): Promise<Examined> {
  const { server } = doing;
  const question = { servers: [...servers], watch: !dryRun };
  const { facts, again } = await seenBy(server, { ...question, ...(vantage !== undefined && { vantage }) });
  await keep(facts);
  const diagnosis = diagnose(facts);
  const done = dryRun ? [] : await repaired(doing, diagnosis);
  if (done.length === 0) return { facts, diagnosis, done, after: undefined, again };
  const after = await seenBy(server, question);
  return { facts, diagnosis, done, after: diagnose(after.facts), again: after.again };
}

async function seenBy(server: AdminServer, question: JsonObject): Promise<Seen> {
  try {
    const { facts, again = {} } = await server.call('POST', API, question);
    return { facts: facts as unknown as Facts, again: again as unknown as Again };
  } catch (error) {
    if (!(error instanceof RefusedError) || error.errcode !== 'M_UNRECOGNIZED') throw error;
    throw new RefusedError(
      error.errcode,
      'The doctor needs the server to run, with federation: start it with ./copse up. With --facts FILE it looks at what was kept.',
    );
  }
}

async function takeState(server: AdminServer, names: readonly string[], roomId: string): Promise<Done> {
  const [name] = names;
  if (name === undefined || names.length > 1) throw new UsageError('--take-state needs the name of one server.');
  const answer: JsonObject = await server.call('POST', `${API}/${part(name)}/take_state`, { room_id: roomId });
  return answer as unknown as Done;
}

/** Does what the server can do by itself, once for each server and kind. */
async function repaired({ server, renewFront }: Doing, { us, peers }: Diagnosis): Promise<Done[]> {
  const done: Done[] = [];
  for (const { server: name, findings } of [us, ...peers]) {
    const kinds = new Set(findings.flatMap(({ repair }) => repair?.kind ?? []));
    // The greeting fills the rooms as well.
    if (kinds.has('say_hello')) kinds.delete('fill_rooms');
    for (const kind of kinds)
      done.push(
        kind === 'renew_front' ? { server: name, lines: await renewFront() } : await repair(server, name, kind),
      );
  }
  return done;
}

async function repair(server: AdminServer, name: string, kind: RepairKind): Promise<Done> {
  const answer: JsonObject = await server.call('POST', `${API}/${part(name)}/repair`, { kind });
  return answer as unknown as Done;
}
