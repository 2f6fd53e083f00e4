import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { type Actions, runCommandLine } from '../../src/cli/commands.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Database } from '../../src/db/database.ts';
import { administerServer } from '../../src/main/administer.ts';
import { explainFailure } from '../../src/main/explain-failure.ts';
import { renewFront } from '../../src/main/renew-front.ts';
import type { Loose } from './accounts.ts';
import { borrowed } from './databases.ts';

/** The password that commands are given when they ask. */
export const NEW_PASSWORD = 'another long password';

/** What a command has printed, and its exit code. */
export interface Printed {
  readonly text: string;
  readonly code: number;
}

/** Runs commands of administrators on the server of these settings: in this process, but else as from a shell. */
export class CommandLine {
  readonly #config: Config;
  readonly #db: Database;

  constructor(config: Config, db: Database) {
    // No file is looked for then.
    this.#config = { ...config, database: { ...config.database, url: 'the one of the test' } };
    this.#db = db;
  }

  async run(...words: string[]): Promise<Printed> {
    const lines: string[] = [];
    const no = async () => assert.fail('not a command of administrators');
    const actions: Actions = {
      ...{
        up: no,
        agent: no,
        systemd: no,
        top: no,
        check: no,
        status: no,
        doctor: no,
        addUser: no,
        front: no,
        service: no,
        join: no,
        lab: no,
        version: no,
        docs: no,
      },
      admin: {
        administer: (_, work) => administerServer(this.#config, work, async () => borrowed(this.#db)),
        password: async source => (source === 'random' ? 'made up by chance' : NEW_PASSWORD),
        now: () => Date.now(),
        sleep: ms => wait(Math.min(ms, 20)),
        print: text => lines.push(text),
        readFile: file => readFile(file, 'utf8'),
        renewFront: config => renewFront(config),
        writeFile: (file, text) => writeFile(file, text),
      },
    };
    try {
      const code = await runCommandLine(words, actions);
      return { text: lines.join('\n'), code };
    } catch (error) {
      return { text: `copse: ${explainFailure(error)}`, code: 1 };
    }
  }

  /** What a command that must work prints. */
  async text(...words: string[]): Promise<string> {
    const { code, text } = await this.run(...words);
    assert.equal(code, 0, text);
    return text;
  }

  async json(...words: string[]): Promise<Loose> {
    return JSON.parse(await this.text(...words, '--json')) as Loose;
  }

  /** The command must fail and say why. */
  async fails(why: RegExp, ...words: string[]): Promise<void> {
    const { code, text } = await this.run(...words);
    assert.equal(code, 1, text);
    assert.match(text, why);
  }
}
