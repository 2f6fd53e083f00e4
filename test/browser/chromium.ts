import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { installDebian } from '../support/postgres.ts';

/** Names under which distributions have it. */
const PROGRAMS = ['chromium', 'chromium-browser'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const SIZE = { width: 1000, height: 700 };

/** Installs Debian's, where this machine lets us: once, before test files run side by side. */
export function installBrowser(): void {
  const isDebian = spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;
  if (program() !== undefined || process.getuid?.() !== 0 || !isDebian) return;
  console.log('Installing chromium (Debian package) for the tests ...');
  installDebian('chromium');
}

/** Why there can be no browser test on this machine; undefined where there is a browser. */
export function reasonToSkip(): string | undefined {
  return program() === undefined ? 'there is no chromium; on Debian: apt install chromium' : undefined;
}

function program(): string | undefined {
  return PROGRAMS.find(name => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

/** A browser with an empty profile of its own, which goes with it. */
export async function openBrowser(): Promise<BrowserContext & AsyncDisposable> {
  const profile = mkdtempSync(join(tmpdir(), 'copse-browser-'));
  const executablePath = spawnSync('which', [program() ?? ''], { encoding: 'utf8' }).stdout.trim();
  const context = await chromium.launchPersistentContext(profile, {
    ...{ executablePath, args: FLAGS, viewport: SIZE, timeout: 120_000 },
  });
  context.setDefaultTimeout(120_000);
  return Object.assign(context, {
    async [Symbol.asyncDispose]() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  });
}
