import type { Json } from '../../core/json.ts';
import { type Facts, FactsSchema } from './facts.ts';

/** What a file holds is no facts of this version. */
export class FactsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FactsError';
  }
}

/** Reads facts that were kept. @throws FactsError */
export async function readFacts(text: string): Promise<Facts> {
  const json = parsed(text);
  const { Compile } = await import('typebox/schema');
  const validator = Compile(FactsSchema);
  if (validator.Check(json)) return json as unknown as Facts;
  const [, [first]] = validator.Errors(json);
  throw new FactsError(
    `These are no facts of the doctor: ${first?.instancePath || 'the whole'} ${first?.message ?? ''}.`,
  );
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new FactsError(`This is no JSON: ${(error as Error).message}.`);
  }
}
