import { ConfigError, type Problem } from '../config/problems.ts';
import { type ConfigSource, readSource } from '../config/source.ts';
import { isUserId, type ServerName, type UserId } from '../core/ids.ts';
import { isSlow, type Namespace, NamespaceSet, namespacePattern } from './namespaces.ts';
import type { Registration } from './registration.ts';

/**
 * The registrations in files, as bridges write them (application service API, "Registration"). Keys that are not of the
 * specification are let be: bridges put their own into them.
 *
 * @throws ConfigError with every problem found
 */
export function readRegistrations(files: readonly string[], serverName: ServerName): Registration[] {
  const problems: Problem[] = [];
  const read = files.flatMap(file => {
    try {
      const reader = new Reader(readSource(file, REGISTRATION), serverName);
      const registration = reader.registration();
      problems.push(...reader.problems);
      return [{ file, registration }];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  problems.push(...clashes(read));
  if (problems.length > 0) throw new ConfigError(problems);
  return read.map(({ registration }) => registration);
}

const REGISTRATION = {
  what: 'The registration file',
  remedy: 'Use the file that the bridge has generated, without changes.',
};

interface Read {
  readonly file: string;
  readonly registration: Registration;
}

/** What two registrations cannot have in common. */
function clashes(read: readonly Read[]): Problem[] {
  const keys = [
    ['id', 'id'],
    ['asToken', 'as_token'],
    ['sender', 'sender_localpart'],
  ] as const;
  return read.flatMap(({ file, registration }, at) =>
    keys.flatMap(([key, name]) => {
      const other = read.slice(0, at).find(before => before.registration[key] === registration[key]);
      // What could not be read is empty, and has been reported.
      if (other === undefined || registration[key] === '') return [];
      const reason = `${name} is the same as in ${other.file}.`;
      return [{ where: file, reason, remedy: `Give each application service ${name} of its own.` }];
    }),
  );
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #source: ConfigSource;
  readonly #serverName: ServerName;

  constructor(source: ConfigSource, serverName: ServerName) {
    this.#source = source;
    this.#serverName = serverName;
  }

  registration(): Registration {
    const { values } = this.#source;
    const ephemeral = values.receive_ephemeral ?? values['de.sorunome.msc2409.push_ephemeral'];
    return {
      id: this.#text('id'),
      url: this.#url(),
      asToken: this.#text('as_token'),
      hsToken: this.#text('hs_token'),
      sender: this.#sender(),
      rateLimited: this.#flag('rate_limited', values.rate_limited, true),
      protocols: this.#protocols(),
      users: this.#namespaces('users'),
      aliases: this.#namespaces('aliases'),
      rooms: this.#namespaces('rooms'),
      receivesEphemeral: this.#flag('receive_ephemeral', ephemeral, false),
      receivesEncryption: this.#flag('org.matrix.msc3202', values['org.matrix.msc3202'], false),
    };
  }

  #problem(path: readonly (string | number)[], reason: string, remedy: string): void {
    const { file } = this.#source;
    this.problems.push({ where: `${file}:${this.#source.lineOf(path, false)}`, reason, remedy });
  }

  #text(key: string): string {
    const value = this.#source.values[key];
    if (typeof value === 'string' && value !== '') return value;
    this.#problem([key], `${key} is missing, or no text.`, REGISTRATION.remedy);
    return '';
  }

  #flag(key: string, value: unknown, fallback: boolean): boolean {
    if (value === undefined || value === null) return fallback;
    if (typeof value !== 'boolean') this.#problem([key], `${key} is neither true nor false.`, 'Write true or false.');
    return value === true;
  }

  #url(): string | undefined {
    const { url } = this.#source.values;
    if (url === undefined || url === null || url === '') return undefined;
    if (typeof url === 'string' && /^https?:\/\/[^\s/]/.test(url) && URL.canParse(url)) return url.replace(/\/+$/, '');
    this.#problem(
      ['url'],
      'url is no address of HTTP.',
      'Write the address of the bridge, as http://localhost:9993, or null.',
    );
    return undefined;
  }

  #sender(): UserId {
    const userId = `@${this.#text('sender_localpart')}:${this.#serverName}`;
    if (userId.startsWith('@:')) return '' as UserId;
    if (!isUserId(userId)) {
      this.#problem(['sender_localpart'], `${userId} is no user ID.`, 'It is the part before the colon, as irc_bot.');
    }
    return userId as UserId;
  }

  #protocols(): readonly string[] {
    const { protocols } = this.#source.values;
    if (protocols === undefined || protocols === null) return [];
    if (Array.isArray(protocols) && protocols.every(each => typeof each === 'string')) return protocols;
    this.#problem(['protocols'], 'protocols is no list of names.', 'Write it as [irc].');
    return [];
  }

  #namespaces<T extends string>(kind: 'users' | 'aliases' | 'rooms'): NamespaceSet<T> {
    const all = this.#source.values.namespaces;
    const some = isGroup(all) ? all[kind] : undefined;
    if (all !== undefined && all !== null && !isGroup(all)) {
      this.#problem(['namespaces'], 'namespaces is no group of keys.', 'Its keys are users, aliases and rooms.');
    }
    if (some === undefined || some === null) return new NamespaceSet<T>([]);
    if (!Array.isArray(some)) {
      this.#problem(['namespaces', kind], `namespaces.${kind} is no list.`, REGISTRATION.remedy);
      return new NamespaceSet<T>([]);
    }
    return new NamespaceSet<T>(some.flatMap((each: unknown, at) => this.#namespace(each, ['namespaces', kind, at])));
  }

  #namespace(value: unknown, path: readonly (string | number)[]): Namespace[] {
    const regex = isGroup(value) ? value.regex : undefined;
    const exclusive = isGroup(value) ? (value.exclusive ?? false) : undefined;
    const remedy = "Write it as `- { exclusive: true, regex: '@irc_.*' }`.";
    if (typeof regex !== 'string' || typeof exclusive !== 'boolean') {
      this.#problem(path, 'The namespace needs a regex, and exclusive: true or false.', remedy);
      return [];
    }
    try {
      const pattern = namespacePattern(regex);
      if (!isSlow(pattern)) return [{ pattern, exclusive }];
      this.#problem(path, `The regex ${regex} takes for ever over some names.`, 'Repeat nothing that is a repetition.');
      return [];
    } catch (error) {
      this.#problem(path, `The regex cannot be read: ${(error as Error).message}.`, remedy);
      return [];
    }
  }
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
