import { bytes, duration, flag, path, section, text } from './kinds.ts';

export const media = section('Pictures and files.', {
  folder: path('Where they are kept; `media` in the data folder unless given.', ''),
  max_upload: bytes('The largest file that users can upload.', '50M'),
  max_remote: bytes('The largest file that is fetched from another server.', '50M'),
  keep_remote: duration(
    "How long a copy of another server's file is kept that nobody looks at; it can be fetched again.",
    '90d',
  ),
  open_downloads: text(
    'What is served at the old paths, where no access token is asked for: `all`, `none`, or what was there before a day ' +
      '(in UTC; copies of the files of others too). Current clients do without; many bots and bridges know nothing else.',
    'all',
    '`all`, `none`, or a day such as 2026-12-31',
    isOpenDownloads,
  ),
});

export const urlPreviews = section('Previews of the pages that users link to.', {
  enabled: flag(
    'Whether this server fetches such pages when a client asks for a preview. The page learns the address of the server, ' +
      'not of the user, but the server learns of links in encrypted rooms. Private addresses are never fetched from, ' +
      'except those in `allowed_private_addresses.previews`.',
    true,
  ),
});

function isOpenDownloads(value: string): boolean {
  return value === 'all' || value === 'none' || isDay(value);
}

/** A day of the calendar, as in RFC 3339. */
function isDay(value: string): boolean {
  const at = Date.parse(value);
  return /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
}
