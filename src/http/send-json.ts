import type { FastifyReply } from 'fastify';

export const JSON_TYPE = 'application/json';

/** Answers JSON. As bytes: to text the framework adds a `charset`, which JSON does not have (RFC 8259, section 11). */
export function sendJson(answer: FastifyReply, json: object): FastifyReply {
  return answer.header('content-type', JSON_TYPE).send(jsonBytes(json));
}

export function jsonBytes(json: object): Buffer {
  return Buffer.from(JSON.stringify(json));
}
