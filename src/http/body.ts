import type { TSchema } from 'typebox';
import { type Json, JsonError, parseJson } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { dropNulls } from './null-members.ts';

type Check = (value: Json) => void;

const checks = new WeakMap<TSchema, Check>();

/** Reads a JSON body. An empty one counts as `{}`. @throws MatrixError M_NOT_JSON, M_BAD_JSON */
export function readJsonBody(bytes: Uint8Array, strict: boolean): Json {
  if (bytes.length === 0) return {};
  try {
    return parseJson(bytes, strict ? 'strict' : 'lenient');
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new MatrixError(error.kind === 'not_json' ? 'M_NOT_JSON' : 'M_BAD_JSON', error.message, { status: 400 });
  }
}

/**
 * Checks a body against a schema, which is compiled at its first use. Optional members that are null are taken out of it
 * where null means nothing.
 *
 * @throws MatrixError M_BAD_JSON, M_MISSING_PARAM
 */
export async function checkBody(schema: TSchema | undefined, value: Json): Promise<void> {
  if (schema === undefined) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new MatrixError('M_BAD_JSON', 'The body must be a JSON object.');
    }
    return;
  }
  let check = checks.get(schema);
  if (check === undefined) {
    check = await compile(schema);
    checks.set(schema, check);
  }
  check(value);
}

/**
 * The compiler is loaded at its first use: memory that a server which nobody uses yet does not need. That for plain
 * JSON Schema is half of TypeBox.
 */
async function compile(schema: TSchema): Promise<Check> {
  const { Compile } = await import('typebox/schema');
  const validator = Compile(schema);
  return value => {
    if (validator.Check(value)) return;
    if (dropNulls(schema, value) && validator.Check(value)) return;
    const [, [first]] = validator.Errors(value);
    const where = first?.instancePath === undefined || first.instancePath === '' ? 'The body' : first.instancePath;
    const errcode = first?.keyword === 'required' ? 'M_MISSING_PARAM' : 'M_BAD_JSON';
    throw new MatrixError(errcode, `${where} ${first?.message ?? 'is not what this endpoint takes'}.`);
  };
}
