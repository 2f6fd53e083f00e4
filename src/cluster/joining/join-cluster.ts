import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder, writeDurably } from '../../base/write-durably.ts';
import { askToJoin } from './ask-to-join.ts';
import { type BoardIdentity, boardFolder, writeIdentity } from './board-folder.ts';
import type { Invitation } from './invitation.ts';
import type { JoinAnswer } from './join-message.ts';
import { JoiningError } from './joining-error.ts';

export interface JoinInput {
  readonly dataFolder: string;
  /** `HOST:PORT` of a board of the cluster. */
  readonly address: string;
  readonly invitation: Invitation;
  /** Of this board. */
  readonly name: string;
  /** `HOST:PORT` of this board. */
  readonly ownAddress: string;
  readonly labels: readonly string[];
}

/** Makes this machine a board of somebody's cluster. @throws JoiningError */
export async function joinCluster(input: JoinInput): Promise<BoardIdentity> {
  const { dataFolder, address, invitation, name, ownAddress, labels } = input;
  if (existsSync(boardFolder(dataFolder)))
    throw new JoiningError(`${dataFolder} is that of a board already. Name another folder with --data, or remove it.`);
  if (existsSync(join(dataFolder, 'server-name')))
    throw new JoiningError(`${dataFolder} holds a server of its own. Name an empty folder with --data.`);
  const { newRequest } = await import('./x509.ts');
  const { request, key } = await newRequest(name);
  const answer = await askToJoin(address, invitation, {
    ...{ secret: invitation.secret, name, address: ownAddress, labels: [...labels], request },
  });
  writeFiles(dataFolder, answer.files);
  const identity: BoardIdentity = {
    ...{ name, address: ownAddress, isFounder: false, addresses: [address, ...answer.addresses] },
    board: { certificate: answer.certificate, key },
    authority: answer.authority,
  };
  // Last: with it this is a board.
  if (!writeIdentity(dataFolder, identity)) throw new JoiningError(`${boardFolder(dataFolder)} was made meanwhile.`);
  return identity;
}

/** What stands for a whole data folder comes last, as at the first start of a server. */
function writeFiles(dataFolder: string, files: JoinAnswer['files']): void {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  chmodSync(dataFolder, 0o700);
  const isLast = (name: string) => Number(name === 'server-name');
  for (const { name, text } of files.toSorted((a, b) => isLast(a.name) - isLast(b.name))) {
    const file = join(dataFolder, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeDurably(file, text);
  }
  syncFolder(dataFolder);
}
