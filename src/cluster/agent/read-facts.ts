import { accessSync, constants, readdirSync, statfsSync } from 'node:fs';
import { availableParallelism, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { cgroupMemory } from '../../base/cgroup-memory.ts';
import { textIfReadable } from '../../base/if-readable.ts';
import type { BoardFacts } from '../boards/board.ts';
import { parseLoad, parseMeminfo, parseMillidegrees, parsePressure, parseRootKind, parseSpeed } from './parse-facts.ts';

export interface FactsInput {
  readonly version: string;
  readonly supervisor: BoardFacts['supervisor'];
  /** The folder whose disk counts. */
  readonly data: string;
  /** Folders in which programs are looked for. */
  readonly paths: readonly string[];
  /** The root of the file system, for tests. */
  readonly fs?: string;
  /** For tests. */
  readonly interfaces?: typeof networkInterfaces;
}

const PROGRAMS = ['nginx', 'haproxy'];

/** Reads what an agent tells of its board, each time anew. `host`: the address of the board. */
export function factsReader(input: FactsInput): (host: string) => BoardFacts {
  const { version, supervisor, data, fs = '/', interfaces = networkInterfaces } = input;
  const memory = memoryReader(fs);
  const text = (file: string) => textIfReadable(join(fs, file));
  return host => ({
    ...{ version, supervisor, arch: process.arch, cpus: availableParallelism() },
    load: parseLoad(text('proc/loadavg')) ?? 0,
    memory: memory(),
    disk: diskOf(data),
    pressure: pressureOf(text),
    ...hottest(fs),
    ...linkOf(host, interfaces(), text),
    root: (parseRootKind(text('proc/self/mounts') ?? '') ?? 'unknown').slice(0, 30),
    programs: PROGRAMS.filter(program => input.paths.some(path => isProgram(join(path, program)))),
  });
}

type Read = (file: string) => string | undefined;

/** Of the board, or of the control group in which the agent and all that it starts runs, where that has less. */
export function memoryReader(fs = '/'): () => BoardFacts['memory'] {
  const cgroup = cgroupMemory(fs);
  return () => {
    const machine = parseMeminfo(textIfReadable(join(fs, 'proc/meminfo')) ?? '') ?? { total: 0, used: 0 };
    const group = cgroup?.();
    if (group === undefined || (machine.total > 0 && machine.total <= group.limit)) return machine;
    return { total: group.limit, used: group.used };
  };
}

function diskOf(folder: string): BoardFacts['disk'] {
  try {
    const { blocks, bavail, bsize } = statfsSync(folder);
    return { total: blocks * bsize, free: bavail * bsize };
  } catch {
    return { total: 0, free: 0 };
  }
}

function pressureOf(read: Read): BoardFacts['pressure'] {
  const found = (['cpu', 'memory', 'io'] as const).flatMap(of => {
    const share = parsePressure(read(`proc/pressure/${of}`));
    return share === undefined ? [] : [[of, share] as const];
  });
  return Object.fromEntries(found);
}

/** Of all that measures temperature: zones of the processor, and sensors elsewhere on the board. */
function hottest(fs: string): Pick<BoardFacts, 'temperature'> {
  const sensors = [
    ...namesIn(join(fs, 'sys/class/thermal'), /^thermal_zone\d+$/).map(zone => join(zone, 'temp')),
    ...namesIn(join(fs, 'sys/class/hwmon'), /^hwmon\d+$/).flatMap(chip => namesIn(chip, /^temp\d+_input$/)),
  ];
  const degrees = sensors.flatMap(file => parseMillidegrees(textIfReadable(file)) ?? []);
  return degrees.length === 0 ? {} : { temperature: Math.max(...degrees) };
}

function linkOf(host: string, all: ReturnType<typeof networkInterfaces>, read: Read): Pick<BoardFacts, 'link'> {
  const found = Object.entries(all).find(([, addresses]) => addresses?.some(({ address }) => address === host));
  if (found === undefined) return {};
  const name = found[0].slice(0, 20);
  const mbit = parseSpeed(read(`sys/class/net/${name}/speed`));
  return { link: mbit === undefined ? { name } : { name, mbit } };
}

function namesIn(folder: string, name: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter(each => name.test(each))
      .map(each => join(folder, each));
  } catch {
    return [];
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
