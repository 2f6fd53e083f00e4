import type { Tally } from './sign-ups.ts';

const MIB = 2 ** 20;

export interface Cost {
  readonly seconds: number;
  /** Of the server, in milliseconds. */
  readonly cpuMs: number;
  /** Bytes by which the server grew. */
  readonly growth: number;
}

/** Bars that hold or not, and a line of a table for each attack. */
export class Report {
  readonly #rows: string[] = [];
  #passed = 0;
  #failed = 0;

  bar(what: string, holds: boolean): void {
    if (holds) this.#passed++;
    else this.#failed++;
    if (!holds) console.log(`FAILED: ${what}`);
  }

  attack(name: string, attempts: number, tally: Tally, cost: Cost): void {
    const outcomes = [...tally.outcomes].map(([outcome, count]) => `${count} x ${outcome}`).join(', ');
    console.log(`${name}: ${outcomes}`);
    const server = `${(cost.cpuMs / 1000).toFixed(2)} s CPU, ${(cost.growth / MIB).toFixed(1)} MiB more`;
    const through = `${tally.accounts} of ${attempts} in ${cost.seconds.toFixed(1)} s`;
    this.#rows.push(`| ${name} | ${through} | ${attackerText(tally)} | ${server} |`);
  }

  /** The table, and `N passed, N failed` as the last line. */
  print(): void {
    console.log('\n| attack | got through | the attacker | the server |\n|---|---|---|---|');
    for (const row of this.#rows) console.log(row);
    console.log(`\n${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 ? 0 : 1;
  }
}

function attackerText({ workSeconds, hashes, mostBits, retryAfterMs }: Tally): string {
  const parts = [
    ...(workSeconds > 0
      ? [`${workSeconds.toFixed(1)} s CPU, ${(hashes / 1e6).toFixed(1)} million hashes, up to ${mostBits} bits`]
      : []),
    ...(retryAfterMs === undefined ? [] : [`told to wait up to ${(retryAfterMs / 1000).toFixed(0)} s`]),
  ];
  return parts.length > 0 ? parts.join('; ') : 'refused';
}
