import { textIfReadable } from '../base/if-readable.ts';
import { dataFolderOf, readEnvironment } from './environment.ts';
import { type ConfigArgs, configFile, loadConfig } from './load.ts';
import type { Config } from './schema.ts';

/** The settings in force for one that stays: read anew when their file is another. */
export class FollowedConfig {
  readonly #args: ConfigArgs;
  readonly #say: (words: string) => void;
  #text: string | undefined;
  #config: Config;

  /** `say` is told why a file cannot be taken. @throws ConfigError where the first one cannot */
  constructor(args: ConfigArgs, say: (words: string) => void) {
    this.#args = args;
    this.#say = say;
    this.#text = this.#read();
    this.#config = loadConfig(args);
  }

  /** The same object as long as nothing has changed. With a file that cannot be taken all stays as it was. */
  current(): Config {
    const text = this.#read();
    if (text === this.#text) return this.#config;
    this.#text = text;
    try {
      this.#config = loadConfig(this.#args);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      this.#say(`The settings of before are in force: ${words}`);
    }
    return this.#config;
  }

  /** Undefined where there is none. */
  #read(): string | undefined {
    const environment = readEnvironment();
    const file = configFile(this.#args.config ?? environment.config, dataFolderOf(this.#args, environment));
    // Where it cannot be read, whoever loads it says why.
    return file === undefined ? undefined : textIfReadable(file);
  }
}
