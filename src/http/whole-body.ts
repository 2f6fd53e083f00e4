import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { MatrixError } from '../core/matrix-error.ts';
import type { RequestCharge } from './request-memory.ts';

/**
 * Collects a body of any content type, cut at the route's limit also when it comes in chunks without a length, and charged
 * as it comes. @throws MatrixError M_TOO_LARGE, BudgetFullError
 */
export function readWhole(request: FastifyRequest, payload: Readable, limit: number): Promise<Buffer> {
  const tooLarge = () => new MatrixError('M_TOO_LARGE', `The body is larger than ${limit} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  const { charge } = request;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let isRefused = false;
    const refuse = (error: unknown) => {
      isRefused = true;
      chunks.length = 0;
      reject(error);
    };
    payload.on('data', (chunk: Buffer) => {
      // The rest is read and dropped, so that a client that still writes gets to read the answer.
      if (isRefused) return;
      length += chunk.length;
      if (length > limit) return refuse(tooLarge());
      try {
        charge?.addBody(chunk.length);
      } catch (error) {
        return refuse(error);
      }
      chunks.push(chunk);
    });
    payload.on('end', () => resolve(Buffer.concat(chunks)));
    payload.on('error', reject);
  });
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request is charged with; undefined where nothing is. */
    charge: RequestCharge | undefined;
  }
}
