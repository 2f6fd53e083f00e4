import { readFile, writeFile } from 'node:fs/promises';
import { keepAlive, sleep, systemClock } from '../base/clock.ts';
import { UsageError } from '../cli/admin-server.ts';
import type { Actions } from '../cli/commands.ts';
import { runCommandLine } from '../cli/commands.ts';
import { statusText } from '../cli/status-text.ts';
import { type ConfigArgs, loadConfig } from '../config/load.ts';
import { explainFailure } from './explain-failure.ts';
import { VERSION } from './version.ts';

/** Each command loads what it needs and no more. */
const actions: Actions = {
  async up(config) {
    const { up } = await import('./up.ts');
    return up(config);
  },
  async agent(options) {
    const { runAgent } = await import('./agent-command.ts');
    return runAgent(options);
  },
  async systemd(config, wanted) {
    const { writeUnits } = await import('./systemd-command.ts');
    return writeUnits(config, wanted);
  },
  async top(config) {
    const { watchBoards } = await import('./top-command.ts');
    return watchBoards(config);
  },
  async check(config) {
    const { checkSettings } = await import('./check.ts');
    return checkSettings(config);
  },
  async addUser(config, user) {
    const { addUser } = await import('./add-user.ts');
    return addUser(config, user);
  },
  status: showStatus,
  async doctor(config, isJson) {
    const { doctorServer } = await import('./doctor-server.ts');
    return doctorServer(config, isJson);
  },
  admin: {
    async administer(config, work) {
      const { administer } = await import('./administer.ts');
      return administer(config, work);
    },
    async password(source) {
      const { newPassword } = await import('./password-input.ts');
      return newPassword(source);
    },
    async renewFront(config) {
      const { renewFront } = await import('./renew-front.ts');
      return renewFront(config);
    },
    now: () => systemClock.now(),
    sleep: ms => sleep(systemClock, ms),
    print: text => console.log(text),
    readFile: file => readFile(file, 'utf8').catch((error: Error) => fail(`${file} cannot be read: ${error.message}`)),
    writeFile: (file, text) =>
      writeFile(file, text, { mode: 0o600 }).catch((error: Error) =>
        fail(`${file} cannot be written: ${error.message}`),
      ),
  },
  async front(config, front) {
    const { writeFront } = await import('./front-command.ts');
    return writeFront(config, front);
  },
  async service(config, change) {
    const { changeServices } = await import('./front-command.ts');
    return changeServices(config, change);
  },
  async join(config, join) {
    const { joinBoard } = await import('./join-command.ts');
    return joinBoard(config, join);
  },
  async lab(folder, work) {
    const { labCommand } = await import('./lab-command.ts');
    return labCommand(folder, work);
  },
  async version() {
    console.log(`Copse ${VERSION} (Node.js ${process.version}, ${process.arch})`);
    return 0;
  },
  async docs(release) {
    const { writeDocuments } = await import('./write-documents.ts');
    return writeDocuments(release);
  },
};

/** @throws UsageError */
function fail(message: string): never {
  throw new UsageError(message);
}

async function showStatus(args: ConfigArgs): Promise<number> {
  const { askControl } = await import('./control.ts');
  const { data_dir: folder } = loadConfig(args);
  const status = await askControl(folder);
  if (status === undefined) {
    console.error(`No server is running on ${folder}. Start it with ./copse up, or name its folder with --data.`);
    return 1;
  }
  console.log(statusText(status));
  return 0;
}

// Whatever a command writes is for this user alone.
process.umask(0o077);
// A command that waits for something may have nothing else that keeps the process alive.
using _ = keepAlive();
try {
  // Timers and sockets that are left must not keep a command alive that has done its work.
  process.exit(await runCommandLine(process.argv.slice(2), actions));
} catch (error) {
  console.error(`copse: ${explainFailure(error)}`);
  process.exit(1);
}
