import type { Log } from '../base/log.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { networkName } from '../rooms/network-rooms.table.ts';
import { jsonOf } from './appservice-client.ts';
import type { Asked } from './asked.ts';
import type { Registration } from './registration.ts';

/** What is looked up: users of a network, or places in it. */
export type Kind = 'user' | 'location';

/**
 * Networks beyond Matrix, of which application services know (client-server API, "Third-party Networks"). Several may
 * bridge one network: their answers are put together.
 */
export class ThirdParties {
  readonly #asked: readonly Asked[];
  readonly #log: Log;

  constructor(asked: readonly Asked[], log: Log) {
    this.#asked = asked;
    this.#log = log;
  }

  /** All networks, by name. */
  async protocols(): Promise<JsonObject> {
    const names = [...new Set(this.#asked.flatMap(({ registration }) => registration.protocols))];
    const found = await Promise.all(names.map(async name => [name, await this.protocol(name)] as const));
    return Object.fromEntries(found.filter((pair): pair is readonly [string, JsonObject] => pair[1] !== undefined));
  }

  /** What one network is like; undefined where nobody speaks to it. */
  async protocol(name: string): Promise<JsonObject | undefined> {
    const answers = await this.#ask(this.#speakersOf(name), `thirdparty/protocol/${encodeURIComponent(name)}`);
    const all = answers.flatMap(([{ registration }, answer]) =>
      isObject(answer) ? ([[registration, answer]] as const) : [],
    );
    const [first] = all;
    if (first === undefined) return undefined;
    return { ...first[1], instances: all.flatMap(([registration, answer]) => instancesOf(registration, answer)) };
  }

  /** Whom or what fields of a network name; nobody and nothing where it is not spoken to. */
  async ofProtocol(kind: Kind, name: string, fields: URLSearchParams): Promise<JsonObject[]> {
    return this.#list(this.#speakersOf(name), `thirdparty/${kind}/${encodeURIComponent(name)}?${fields}`);
  }

  /** What stands behind a user or an alias of ours. */
  async behind(kind: Kind, name: string): Promise<JsonObject[]> {
    const fields = new URLSearchParams(kind === 'user' ? { userid: name } : { alias: name });
    const speakers = this.#asked.filter(({ registration }) => registration.protocols.length > 0);
    return this.#list(speakers, `thirdparty/${kind}?${fields}`);
  }

  async #list(asked: readonly Asked[], path: string): Promise<JsonObject[]> {
    const answers = await this.#ask(asked, path);
    return answers.flatMap(([, answer]) => (Array.isArray(answer) ? answer.filter(isObject) : []));
  }

  #speakersOf(name: string): readonly Asked[] {
    return this.#asked.filter(({ registration }) => registration.protocols.includes(name));
  }

  /** One that does not answer leaves out only what it would have said. */
  async #ask(asked: readonly Asked[], path: string): Promise<(readonly [Asked, Json])[]> {
    const answers = await Promise.all(
      asked.map(async each => {
        try {
          const answer = jsonOf(await each.client.call('GET', path));
          return answer === undefined ? [] : [[each, answer] as const];
        } catch (error) {
          const { id } = each.registration;
          this.#log.warn('An application service could not be asked about its network.', { id, err: error });
          return [];
        }
      }),
    );
    return answers.flat();
  }
}

/** Each instance of a network gets the name under which its rooms are listed (`third_party_instance_id`). */
function instancesOf({ id }: Registration, { instances }: JsonObject): JsonObject[] {
  const all = Array.isArray(instances) ? instances.filter(isObject) : [];
  return all.map(instance => {
    const { network_id: networkId } = instance;
    return typeof networkId === 'string' ? { ...instance, instance_id: networkName(id, networkId) } : instance;
  });
}
