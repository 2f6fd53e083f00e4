import type { TSchema, Type as TypeBox } from 'typebox';

/** The builders that Copse uses. */
type Builders = Pick<
  typeof TypeBox,
  | 'Array'
  | 'Boolean'
  | 'Enum'
  | 'Integer'
  | 'Literal'
  | 'Null'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Union'
  | 'Unknown'
  | 'Unsafe'
>;

type Options = Readonly<Record<string, unknown>>;
type Properties = Readonly<Record<string, TSchema>>;

/** Not enumerable, so that it is no part of the schema. */
const OPTIONAL = '~optional';

const ofType =
  (type: string) =>
  (options: Options = {}) => ({ type, ...options });

function object(properties: Properties, options: Options = {}) {
  const required = Object.keys(properties).filter(key => !Object.hasOwn(properties[key] as object, OPTIONAL));
  return { type: 'object', ...(required.length > 0 ? { required } : {}), properties, ...options };
}

function optional(schema: object) {
  return Object.defineProperty({ ...schema }, OPTIONAL, { value: true });
}

/**
 * TypeBox's builders of JSON Schema, with TypeBox's types, for what Copse uses of them: plain objects, without loading
 * TypeBox's own, which are 370 modules (4 MB and 0.15 s of CPU at the start). `schema.test.ts` holds the two together.
 */
export const Type = {
  Array: (items: TSchema, options: Options = {}) => ({ type: 'array', items, ...options }),
  Boolean: ofType('boolean'),
  Enum: (values: readonly unknown[], options: Options = {}) => ({ enum: values, ...options }),
  /** As far as numbers are exact: no column and no event holds others. */
  Integer: (options: Options = {}) => ({
    type: 'integer',
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
    ...options,
  }),
  Literal: (value: unknown, options: Options = {}) => ({ type: typeof value, const: value, ...options }),
  Null: ofType('null'),
  Number: ofType('number'),
  Object: object,
  Optional: optional,
  /** Any text is a key. */
  Record: (_key: TSchema, value: TSchema, options: Options = {}) => ({
    type: 'object',
    patternProperties: { '^.*$': value },
    ...options,
  }),
  String: ofType('string'),
  Union: (anyOf: readonly TSchema[], options: Options = {}) => ({ anyOf, ...options }),
  Unknown: (options: Options = {}) => ({ ...options }),
  Unsafe: (schema: object) => ({ ...schema }),
} as unknown as Builders;
