import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../base/write-durably.ts';
import { decodeBase64, encodeBase64 } from '../core/base64.ts';
import type { OldKey } from '../federation/keys/published-keys.ts';
import { DataFolderError, OLD_KEYS_FILE } from './data-folder.ts';

/**
 * The keys that this server once signed with, from lines `ed25519:ID PUBLIC_KEY EXPIRED_TS`: key ID, base64, and the
 * millisecond in which it signed last. Without them nobody can check the old events of this server any more.
 *
 * @throws DataFolderError
 */
export function readOldKeys(folder: string): OldKey[] {
  const file = join(folder, OLD_KEYS_FILE);
  const lines = readIfThere(file).split('\n');
  return lines
    .map(line => line.replace(/#.*/, '').trim())
    .flatMap((line, at) => {
      if (line === '') return [];
      const [keyId = '', text = '', expired = ''] = line.split(/\s+/);
      const publicKey = decodeBase64(text);
      if (/^ed25519:\w+$/.test(keyId) && publicKey?.length === 32 && /^\d{1,15}$/.test(expired))
        return [{ keyId, publicKey, expiredTs: Number(expired) }];
      throw new DataFolderError(
        `${file}, line ${at + 1}, must read: ed25519:ID, the public key in base64, milliseconds.`,
      );
    });
}

/** Keeps a key that this server once signed with. @throws DataFolderError */
export function keepOldKey(folder: string, { keyId, publicKey, expiredTs }: OldKey): void {
  if (readOldKeys(folder).some(old => old.keyId === keyId)) return;
  const file = join(folder, OLD_KEYS_FILE);
  const before = readIfThere(file);
  const text = before === '' || before.endsWith('\n') ? before : `${before}\n`;
  writeDurably(file, `${text}${keyId} ${encodeBase64(publicKey)} ${expiredTs}\n`);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new DataFolderError(`${file} cannot be read: ${(error as Error).message}.`, error);
  }
}
