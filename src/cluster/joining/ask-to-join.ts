import { connect, type TLSSocket } from 'node:tls';
import { jsonIfValid } from '../../base/if-readable.ts';
import { request } from '../../base/node-http.ts';
import { certificateHash, isIssuedBy } from './certificates.ts';
import type { Invitation } from './invitation.ts';
import { JOIN_PATH, type JoinAnswer, JoinAnswerSchema, type JoinRequest } from './join-message.ts';
import { JoiningError } from './joining-error.ts';
import { splitAddress } from './own-address.ts';

const WAIT_MS = 30_000;
/** Registration files of bridges are the largest part of it. */
const LARGEST_ANSWER = 16 * 1024 * 1024;

/**
 * Asks a board of a cluster to be let in. Nothing is said before the other side has shown that it belongs to the cluster
 * that the invitation is of: whoever sits between the two learns nothing. @throws JoiningError
 */
export async function askToJoin(
  address: string,
  { authority }: Pick<Invitation, 'authority'>,
  asked: JoinRequest,
): Promise<JoinAnswer> {
  const socket = await connectPinned(address, authority);
  try {
    const { status, text } = await post(socket, address, JSON.stringify(asked));
    if (status !== 200) throw new JoiningError(`${address} does not let this board in: ${wordsOf(text)}`);
    return await readAnswer(text, address);
  } finally {
    socket.destroy();
  }
}

function connectPinned(address: string, authority: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // Whom it is issued by is looked at below, for the one authority that the invitation names.
    const socket = connect({ ...splitAddress(address), rejectUnauthorized: false, timeout: WAIT_MS });
    const fail = (words: string, cause?: unknown) => {
      socket.destroy();
      reject(new JoiningError(words, cause));
    };
    socket.on('timeout', () => fail(`${address} does not answer. Is a firewall between the two boards?`));
    socket.on('error', error =>
      fail(`${address} cannot be reached (${error.message}). Does the server run there, and is the port right?`, error),
    );
    socket.once('secureConnect', () => {
      if (isOfCluster(socket, authority)) resolve(socket);
      else
        fail(
          `${address} is no board of the cluster that this invitation is of. Somebody may sit between the two, or the ` +
            'address is that of another cluster. Nothing was told to it.',
        );
    });
  });
}

function isOfCluster(socket: TLSSocket, authority: string): boolean {
  const shown = socket.getPeerCertificate(true);
  const issuer = shown.issuerCertificate?.raw;
  return issuer !== undefined && certificateHash(issuer) === authority && isIssuedBy(shown.raw, issuer);
}

function post(socket: TLSSocket, address: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(new JoiningError(`${address} broke off: ${error.message}`, error));
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const options = { createConnection: () => socket, method: 'POST', path: JOIN_PATH, headers, host: address };
    const asking = request(options, answer => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > LARGEST_ANSWER) answer.destroy(new Error('its answer does not end'));
      });
      answer.on('error', failed);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    asking.on('error', failed);
    asking.end(body);
  });
}

async function readAnswer(text: string, address: string): Promise<JoinAnswer> {
  const { Compile } = await import('typebox/schema');
  const answer = jsonIfValid(text);
  if (!Compile(JoinAnswerSchema).Check(answer))
    throw new JoiningError(`${address} answers what this version does not understand. Are both the same version?`);
  return answer as JoinAnswer;
}

function wordsOf(text: string): string {
  const { error } = (jsonIfValid(text) ?? {}) as { error?: unknown };
  return typeof error === 'string' ? error : text.slice(0, 300);
}
