import { numberOf } from '../config/kinds.ts';
import { type Options, textOption } from './admin-command.ts';
import { UsageError } from './admin-server.ts';

/** An option that is an age, in milliseconds. @throws UsageError when it is missing or none */
export function ageOption(options: Options, name: string): number {
  const text = textOption(options, name);
  const flag = `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
  if (text === undefined || !/^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$/.test(text)) {
    throw new UsageError(`${flag} wants an age such as 12h or 90d.`);
  }
  return numberOf(text, 'ms');
}

/** An option that is a size, in bytes; undefined where it is not given. @throws UsageError */
export function sizeOption(options: Options, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  if (!/^[0-9]+(\.[0-9]+)?[KMG]?$/.test(text))
    throw new UsageError(`${text} is no size: write one such as 512K or 10M.`);
  return numberOf(text, 'bytes');
}

/** An option that is a whole number; undefined where it is not given. @throws UsageError */
export function countOption(options: Options, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,9}$/.test(text)) throw new UsageError(`${text} is no whole number.`);
  return Number(text);
}
