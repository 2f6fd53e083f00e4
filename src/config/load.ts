import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { check, type Fault } from './check.ts';
import { dataFolderOf, type EnvironmentSettings, readEnvironment } from './environment.ts';
import { ConfigError, type Problem } from './problems.ts';
import { type Config, ConfigSchema } from './schema.ts';
import { type ConfigSource, readSource } from './source.ts';

/** What the command line says. It wins over the file, and the file over the defaults. */
export interface ConfigArgs {
  /** `--config FILE` */
  readonly config?: string | undefined;
  /** `--data FOLDER` */
  readonly data?: string | undefined;
  /** `--name example.org` */
  readonly name?: string | undefined;
  /** `--port NUMBER` */
  readonly port?: string | undefined;
  /** `--host ADDRESS` */
  readonly host?: string | undefined;
  /** `--memory SIZE` */
  readonly memory?: string | undefined;
  /** `--registration MODE` */
  readonly registration?: string | undefined;
  /** `--open-to-everybody` */
  readonly openToEverybody?: boolean | undefined;
  /** `copse role ROLE,ROLE` */
  readonly roles?: string | undefined;
  /** `--process NAME` */
  readonly process?: string | undefined;
  /** `--address HOST` */
  readonly address?: string | undefined;
}

/**
 * The settings in force, from the command line, the file (`--config`, else `copse.yaml` in the data folder if there is
 * one), the environment and the defaults.
 *
 * @throws ConfigError with every problem found
 */
export function loadConfig(
  args: ConfigArgs = {},
  environment: Omit<EnvironmentSettings, 'supervised' | 'onBoard'> = readEnvironment(),
): Config {
  const data = dataFolderOf(args, environment);
  const source = findSource(args.config ?? environment.config, data);
  const folder = source === undefined ? process.cwd() : dirname(source.file);
  const flags = flagValues(args);
  const given = givenSettings(args, source);
  given.data_dir ??= data;
  if (args.data !== undefined) given.data_dir = data;
  const { value, faults } = check(ConfigSchema, given, path => (path === '' ? '' : resolve(folder, path)));
  const problems = faults.map(fault => problemOf(fault, source, flags));
  const config = value as Config;
  if (problems.length === 0) problems.push(...contradictions(config, source));
  if (problems.length > 0) throw new ConfigError(problems);
  return config.media.folder === ''
    ? { ...config, media: { ...config.media, folder: join(config.data_dir, 'media') } }
    : config;
}

/** Settings as somebody wrote them: unchecked, without defaults. */
export type Given = { [key: string]: unknown };

/** What the file says, and the command line over it. */
export function givenSettings(args: ConfigArgs, source: ConfigSource | undefined): Given {
  const given = structuredClone({ ...source?.values }) as Given;
  for (const { path, value } of flagValues(args)) set(given, path, value);
  return given;
}

interface FlagValue {
  readonly flag: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

/** The file that is named, else `copse.yaml` in the data folder if there is one. @throws ConfigError */
export function findSource(named: string | undefined, data: string): ConfigSource | undefined {
  const file = configFile(named, data);
  return file === undefined ? undefined : readSource(file);
}

/** Where the settings stand. */
export function configFile(named: string | undefined, data: string): string | undefined {
  if (named !== undefined) return resolve(named);
  const usual = join(data, 'copse.yaml');
  return existsSync(usual) ? usual : undefined;
}

function flagValues(args: ConfigArgs): FlagValue[] {
  const port = args.port !== undefined && /^\d+$/.test(args.port) ? Number(args.port) : args.port;
  const all: FlagValue[] = [
    { flag: '--name', path: ['server_name'], value: args.name },
    { flag: '--port', path: ['listen', 'client', 'port'], value: port },
    { flag: '--host', path: ['listen', 'client', 'host'], value: args.host },
    { flag: '--memory', path: ['memory'], value: args.memory },
    { flag: '--registration', path: ['registration', 'mode'], value: args.registration },
    { flag: 'role', path: ['cluster', 'roles'], value: args.roles?.split(',') },
    { flag: '--process', path: ['cluster', 'process'], value: args.process },
    { flag: '--address', path: ['cluster', 'address'], value: args.address },
    { flag: '--open-to-everybody', path: ['registration', 'open_to_everybody'], value: args.openToEverybody },
  ];
  return all.filter(flag => flag.value !== undefined);
}

/** A section that is not a group of keys is left alone: the check reports it. */
function set(target: Given, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  target[key] ??= {};
  const inner = target[key];
  if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) set(inner as Given, rest, value);
}

function problemOf(fault: Fault, source: ConfigSource | undefined, flags: readonly FlagValue[]): Problem {
  const flag = flags.find(({ path }) => path.every((part, at) => part === fault.path[at]));
  const line = source === undefined ? '' : `${source.file}:${source.lineOf(fault.path, fault.onKey)}`;
  return { where: flag?.flag ?? line, reason: fault.reason, remedy: fault.remedy };
}

/** What each key allows by itself but not together. */
function contradictions(config: Config, source: ConfigSource | undefined): Problem[] {
  const found: Problem[] = [];
  const report = (path: readonly string[], reason: string, remedy: string) => {
    const where = source === undefined ? 'the settings' : `${source.file}:${source.lineOf(path, false)}`;
    found.push({ where, reason, remedy });
  };
  if (config.registration.mode === 'open' && !config.registration.open_to_everybody) {
    report(
      ['registration', 'mode'],
      'Open registration without a check is found by spammers within days.',
      'Take `token` or `approval`, or confirm with `registration.open_to_everybody: true` (`--open-to-everybody`).',
    );
  }
  if (config.mail.from !== undefined && (config.public_base_url ?? config.well_known.client) === undefined) {
    report(
      ['mail', 'from'],
      'The links in mails would lead nowhere.',
      'Give `public_base_url`, the address under which users reach this server.',
    );
  }
  if (config.turn.uris.length > 0 && config.turn.shared_secret === undefined) {
    report(
      ['turn', 'uris'],
      'Without the secret of the relay users are told of none.',
      'Give `turn.shared_secret`, which is `static-auth-secret` of coturn, or leave out turn.uris.',
    );
  }
  const { certificate, key } = config.listen.federation;
  if ((certificate === undefined) !== (key === undefined)) {
    const missing = certificate === undefined ? 'certificate' : 'key';
    report(
      ['listen', 'federation', missing === 'key' ? 'certificate' : 'key'],
      'A certificate and its key only work together.',
      `Give listen.federation.${missing} too.`,
    );
  }
  if (config.federation.retry.longest < config.federation.retry.initial) {
    report(
      ['federation', 'retry', 'longest'],
      'The longest wait is shorter than the first one.',
      'Make federation.retry.longest at least federation.retry.initial.',
    );
  }
  if (config.cluster.bus !== undefined && config.database.url === 'sqlite') {
    report(
      ['cluster', 'bus'],
      'SQLite has one process.',
      'Give `database.url` a PostgreSQL database (`copse migrate postgres` moves what is there), or leave out cluster.bus.',
    );
  }
  if (config.cluster.bus === undefined && config.cluster.roles.length > 0) {
    report(
      ['cluster', 'roles'],
      'A process that does only some of the work needs others for the rest.',
      'Give `cluster.bus`, over which they meet, or leave out the roles.',
    );
  }
  for (const reason of faultsOfTerms(config.terms))
    report(['terms'], reason, 'Give each policy once, with one text for each language.');
  return found;
}

function faultsOfTerms(terms: Config['terms']): string[] {
  return terms.flatMap(({ name, texts }, at) => {
    const languages = new Set(texts.map(text => text.language));
    if (terms.findIndex(other => other.name === name) !== at) return [`The policy ${name} is there twice.`];
    if (texts.length === 0) return [`The policy ${name} has no text.`];
    return languages.size < texts.length ? [`The policy ${name} has two texts in one language.`] : [];
  });
}
