import { isObject, type Json } from '../core/json.ts';

/** Of JSON Schema what `base/schema.ts` builds. */
interface SchemaFacts {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaFacts[];
  readonly items?: SchemaFacts;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaFacts>>;
  readonly patternProperties?: Readonly<Record<string, SchemaFacts>>;
}

/**
 * Takes out the members that need not be there and are null, where the schema has no use for null: programs write it for
 * what they do not say, and servers in Go and Rust read it so. Answers whether there were any.
 */
export function dropNulls(schema: SchemaFacts, value: Json): boolean {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items !== undefined && value.map(item => dropNulls(items, item)).includes(true);
  }
  if (!isObject(value)) return false;
  const { properties = {}, required = [], patternProperties = {} } = schema;
  const [ofAny] = Object.values(patternProperties);
  let isChanged = false;
  for (const [key, member] of Object.entries(value)) {
    const own = Object.hasOwn(properties, key) ? properties[key] : undefined;
    const known = own ?? ofAny;
    if (known === undefined) continue;
    if (member === null && own !== undefined && !required.includes(key) && !takesNull(own)) {
      delete value[key];
      isChanged = true;
    } else if (dropNulls(known, member)) isChanged = true;
  }
  return isChanged;
}

function takesNull({ type, enum: values, anyOf }: SchemaFacts): boolean {
  if (anyOf !== undefined) return anyOf.some(takesNull);
  return values?.includes(null) ?? (type === undefined || type === 'null');
}
