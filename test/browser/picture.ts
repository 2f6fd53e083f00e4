import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const FOLDER = join(import.meta.dirname, '..', '..', '.cache', 'browser');

/** Keeps what a page looks like, for people to look at: `.cache/browser/NAME.png`. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}

/** Does something on a page; where it fails, the page as it was then is kept as `failed.png`. */
export async function onPage(page: Page, act: (page: Page) => Promise<void>): Promise<void> {
  try {
    await act(page);
  } catch (error) {
    await picture(page, 'failed');
    throw error;
  }
}
