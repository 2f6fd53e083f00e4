import type { TSchema } from 'typebox';
import { type Notes, numberOf } from './kinds.ts';
import { nearest } from './nearest.ts';

/** A fault and the way to the value that has it. `onKey`: the key itself is wrong, not its value. */
export interface Fault {
  readonly path: readonly (string | number)[];
  readonly onKey: boolean;
  readonly reason: string;
  readonly remedy: string;
}

export interface Checked {
  /** The value with defaults filled in, sizes and durations as numbers. Of use only when there are no faults. */
  readonly value: unknown;
  readonly faults: readonly Fault[];
}

/** What the walk reads of a schema: plain JSON Schema and our notes. */
type Node = TSchema &
  Partial<Notes> & {
    readonly default?: unknown;
    readonly properties?: Readonly<Record<string, TSchema>>;
    readonly required?: readonly string[];
    readonly items?: TSchema;
    readonly anyOf?: readonly TSchema[];
    readonly type?: string;
    readonly enum?: readonly unknown[];
    readonly pattern?: string;
    readonly minLength?: number;
    readonly minimum?: number;
    readonly maximum?: number;
  };

/** Checks settings against their schema, and collects every fault instead of stopping at the first. */
export function check(schema: TSchema, given: unknown, resolvePath: (path: string) => string): Checked {
  const faults: Fault[] = [];
  return { value: walk(schema as Node, given, [], { faults, resolvePath }), faults };
}

interface Walk {
  readonly faults: Fault[];
  readonly resolvePath: (path: string) => string;
}

type Path = readonly (string | number)[];

function walk(schema: Node, given: unknown, path: Path, context: Walk): unknown {
  if (schema.anyOf !== undefined) return walkUnion(schema.anyOf as readonly Node[], given, path, context);
  if (schema.properties !== undefined) return walkSection(schema, given, path, context);
  const value = given === undefined || given === null ? schema.default : given;
  if (schema.items !== undefined && Array.isArray(value)) {
    return value.map((item, at) => walk(schema.items as Node, item, [...path, at], context));
  }
  return walkLeaf(schema, value, path, context);
}

/** A word that stands for a whole section (`off`), or the section. */
function walkUnion(choices: readonly Node[], given: unknown, path: Path, context: Walk): unknown {
  const word = choices.find(choice => 'const' in choice && choice.const === given);
  if (word !== undefined) return given;
  const group = choices.find(choice => choice.properties !== undefined);
  if (group === undefined) throw new TypeError(`no section among the choices for ${path.join('.')}`);
  return walk(group, given, path, context);
}

function walkSection(schema: Node, given: unknown, path: Path, context: Walk): unknown {
  const keys = schema.properties ?? {};
  if (given !== undefined && given !== null && !isPlainObject(given)) {
    context.faults.push({
      path,
      onKey: false,
      reason: `${nameOf(path)} must be a group of keys, not ${shown(given)}.`,
      remedy: `Its keys are ${Object.keys(keys).join(', ')}.`,
    });
    return undefined;
  }
  const values = isPlainObject(given) ? given : {};
  for (const key of Object.keys(values)) {
    if (!Object.hasOwn(keys, key)) context.faults.push(unknownKey([...path, key], Object.keys(keys)));
  }
  const result: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(keys)) {
    const inner = child as Node;
    const absent = values[key] === undefined || values[key] === null;
    if (absent && !schema.required?.includes(key)) continue;
    result[key] = walk(inner, values[key], [...path, key], context);
  }
  return result;
}

function unknownKey(path: Path, known: readonly string[]): Fault {
  const key = String(path.at(-1));
  const guess = nearest(key, known);
  return {
    path,
    onKey: true,
    reason: `There is no setting ${nameOf(path)}.`,
    remedy: guess === undefined ? `The keys here are ${known.join(', ')}.` : `Did you mean ${guess}?`,
  };
}

function walkLeaf(schema: Node, given: unknown, path: Path, context: Walk): unknown {
  // YAML reads an unquoted 12 as a number where a text is wanted, as in `default_room_version: 12`.
  const value = schema.type === 'string' && typeof given === 'number' ? String(given) : given;
  if (!fits(schema, value)) {
    context.faults.push({
      path,
      onKey: false,
      reason: `${nameOf(path)} cannot be ${shown(value)}.`,
      remedy: `Write ${schema.says ?? 'another value'}.`,
    });
    return undefined;
  }
  if (typeof value !== 'string' || schema.unit === undefined) return value;
  return schema.unit === 'path' ? context.resolvePath(value) : numberOf(value, schema.unit);
}

/** The few words of JSON Schema that the kinds use. TypeBox's own check would cost every start 4 MB. */
function fits(schema: Node, value: unknown): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value);
  switch (schema.type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isSafeInteger(value) && inRange(schema, value as number);
    case 'number':
      return Number.isFinite(value) && inRange(schema, value as number);
    case 'string':
      return typeof value === 'string' && textFits(schema, value);
    default:
      return false;
  }
}

function inRange({ minimum = -Infinity, maximum = Infinity }: Node, value: number): boolean {
  return value >= minimum && value <= maximum;
}

function textFits({ minLength = 0, pattern, test }: Node, value: string): boolean {
  if (value.length < minLength || value.includes('\0')) return false;
  return (pattern === undefined || new RegExp(pattern).test(value)) && (test === undefined || test(value));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function nameOf(path: Path): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part + 1}]`;
    return name === '' ? part : `${name}.${part}`;
  }, '');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
