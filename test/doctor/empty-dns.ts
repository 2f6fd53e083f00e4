import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Bytes of the head of a DNS message (RFC 1035, section 4.1.1). */
const HEAD = 12;
const NO_SUCH_NAME = 3;

/** A name server that knows no name, on port 53 of a network of our own. */
export async function emptyDns(): Promise<AsyncDisposable> {
  const socket = createSocket('udp4');
  socket.on('message', (question, { address, port }) => socket.send(refusal(question), port, address));
  socket.bind(53, '127.0.0.1');
  await once(socket, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  };
}

/** The question again, as an answer without records. */
function refusal(question: Buffer): Buffer {
  let end = HEAD;
  while ((question[end] ?? 0) !== 0) end += (question[end] ?? 0) + 1;
  const answer = Buffer.from(question.subarray(0, end + 5));
  answer.writeUInt16BE(0x8180 | NO_SUCH_NAME, 2);
  answer.writeUInt16BE(1, 4);
  answer.fill(0, 6, HEAD);
  return answer;
}
