/** A command for the admin socket. Where it is tidy nothing is lost when it is refused. */
export interface RuntimeCommand {
  readonly line: string;
  readonly isTidy: boolean;
}

interface Server {
  readonly address: string;
  /** What stands behind the address. */
  readonly words: string;
  readonly isDraining: boolean;
}

/** A configuration in two parts: servers by `backend/name`, and all the rest. */
interface Parsed {
  readonly servers: ReadonlyMap<string, Server>;
  readonly rest: string;
}

const DISABLED = ' disabled';

/**
 * What makes a HAProxy that runs with one text of ours into one with another: undefined where only a reload does, since more
 * differs than the processes.
 */
export function haproxyChanges(before: string, after: string): RuntimeCommand[] | undefined {
  const [old, wanted] = [parseText(before), parseText(after)];
  if (old.rest !== wanted.rest) return undefined;
  const gone = [...old.servers.keys()].filter(path => !wanted.servers.has(path));
  const commands = [...wanted.servers].map(([path, server]) => changeOf(path, old.servers.get(path), server));
  if (commands.includes(undefined)) return undefined;
  return [
    ...commands.flatMap(each => each ?? []),
    // Whoever goes has ended before, or is frozen and answers nobody who still waits for it.
    ...gone.flatMap(path => [
      must(`set server ${path} state maint`),
      tidy(`shutdown sessions server ${path}`),
      tidy(`del server ${path}`),
    ]),
  ];
}

function parseText(text: string): Parsed {
  const servers = new Map<string, Server>();
  const rest: string[] = [];
  let backend = '';
  for (const line of text.split('\n')) {
    backend = /^backend (copse_\S+)$/.exec(line)?.[1] ?? (/^\S/.test(line) ? '' : backend);
    const [, name, address = '', words = ''] = /^ {2}server (\S+) (\S+) (.*)$/.exec(line) ?? [];
    if (backend === '' || name === undefined) {
      rest.push(line);
      continue;
    }
    const isDraining = words.endsWith(DISABLED);
    servers.set(`${backend}/${name}`, { address, words: words.replace(DISABLED, ''), isDraining });
  }
  return { servers, rest: rest.join('\n') };
}

function changeOf(path: string, before: Server | undefined, after: Server): RuntimeCommand[] | undefined {
  const commands: RuntimeCommand[] = [];
  if (before === undefined) {
    commands.push(must(`add server ${path} ${after.address} ${after.words}`), must(`enable health ${path}`));
  } else {
    if (before.words !== after.words) return undefined;
    if (before.address !== after.address) commands.push(moved(path, after.address));
  }
  // What is added begins out of use.
  if ((before?.isDraining ?? true) !== after.isDraining || before === undefined)
    commands.push(must(`set server ${path} state ${after.isDraining ? 'drain' : 'ready'}`));
  return commands;
}

function moved(path: string, address: string): RuntimeCommand {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/[[\]]/g, '');
  return must(`set server ${path} addr ${host} port ${address.slice(at + 1)}`);
}

function must(line: string): RuntimeCommand {
  return { line, isTidy: false };
}

function tidy(line: string): RuntimeCommand {
  return { line, isTidy: true };
}
