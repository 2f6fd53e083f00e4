import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Actions, runCommandLine } from '../src/cli/commands.ts';

const RUNBOOKS = join(import.meta.dirname, '../docs/runbooks');

/** Commands as they stand in a runbook, without what is in quotes and behind `#`. */
function commandsIn(text: string): string[][] {
  const lines = text.match(/^ +\.\/copse .*$/gm) ?? [];
  const inline = text.match(/`\.\/copse [^`]*`/g) ?? [];
  return [...lines, ...inline].map(line =>
    line
      .replace(/ #.*$|`|^ +/g, '')
      .replace(/"[^"]*"|'[^']*'/g, 'QUOTED')
      .trim()
      .split(/\s+/)
      .slice(1),
  );
}

/** What a command says about itself: its usage with the words that it takes, and its options. */
async function helpOf(words: readonly string[]): Promise<string> {
  const write = process.stdout.write;
  let text = '';
  process.stdout.write = ((piece: string) => {
    text += piece;
    return true;
  }) as typeof write;
  try {
    await runCommandLine([...words, '--help'], {} as Actions);
  } finally {
    process.stdout.write = write;
  }
  return text;
}

for (const file of readdirSync(RUNBOOKS))
  test(`each command in ${file} exists, with its options`, async () => {
    const commands = commandsIn(readFileSync(join(RUNBOOKS, file), 'utf8'));
    assert.ok(commands.length >= 5, 'a runbook is made of commands');
    for (const words of commands) {
      const options = words.filter(word => word.startsWith('--'));
      const help = await helpOf(words.filter(word => !word.startsWith('--')));
      const [first = '', second] = words;
      const group = second !== undefined && /^[a-z]+$/.test(second) && help.includes(`copse ${first} ${second} `);
      assert.match(help, new RegExp(`^Usage: copse ${group ? `${first} ${second}` : first} `), words.join(' '));
      // A group that has words of its own takes no other ones.
      assert.ok(
        group || second === undefined || second.startsWith('--') || /\[file]|<|\[event]/.test(help),
        words.join(' '),
      );
      for (const option of options) assert.ok(help.includes(option), `${words.join(' ')}: ${option}`);
    }
  });
