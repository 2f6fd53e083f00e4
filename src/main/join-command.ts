import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { UsageError } from '../cli/admin-server.ts';
import type { JoinArgs } from '../cli/node-commands.ts';
import { isBoardName } from '../cluster/joining/certificates.ts';
import { parseInvitation } from '../cluster/joining/invitation.ts';
import { joinCluster } from '../cluster/joining/join-cluster.ts';
import { CLUSTER_PORT } from '../cluster/joining/join-message.ts';
import { boardNameFor, ownAddress, withPort } from '../cluster/joining/own-address.ts';
import { readEnvironment } from '../config/environment.ts';
import type { ConfigArgs } from '../config/load.ts';

/** `copse join`: this machine becomes a board of a cluster. @throws UsageError, JoiningError */
export async function joinBoard(args: ConfigArgs, join: JoinArgs): Promise<number> {
  const dataFolder = resolve(args.data ?? readEnvironment().data ?? './copse-data');
  const invitation = parseInvitation(join.token);
  if (invitation === undefined)
    throw new UsageError('The token is not whole: it begins with copse1. and copse token prints it.');
  const name = join.name ?? boardNameFor(hostname());
  if (!isBoardName(name))
    throw new UsageError(`${name} is no name for a board: small letters, digits and -, at most 30.`);
  const input = { dataFolder, invitation, name, labels: join.labels };
  const identity = await joinCluster({
    ...input,
    address: addressOf(join.address),
    ownAddress: addressOf(join.ownAddress ?? ownAddress() ?? ''),
  });
  console.log(`${identity.name} is a board of the cluster now (${identity.address}). Start its agent: ./copse agent`);
  if (args.data !== undefined) console.log(`Its data folder is ${dataFolder}: say --data there too.`);
  return 0;
}

/** @throws UsageError */
function addressOf(text: string): string {
  const address = withPort(text, CLUSTER_PORT);
  if (address !== undefined) return address;
  throw new UsageError(
    text === ''
      ? 'This machine has no address in a network: give --address.'
      : `${text} is no address: HOST or HOST:PORT.`,
  );
}
