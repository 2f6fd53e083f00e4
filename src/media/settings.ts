const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;

export interface MediaSettings {
  /** Where the disk store keeps its files. */
  readonly folder: string;
  /** The largest upload in bytes; clients are told. */
  readonly maxUploadBytes: number;
  /** The largest file that is fetched from another server, in bytes. */
  readonly maxRemoteBytes: number;
  /** How long such a file is kept after its last use. */
  readonly keepRemoteMs: number;
  /** What one user's uploads may take together, in bytes; 0 means no quota. */
  readonly quotaBytes: number;
  /** How many uploads of one user may run at a time (per process). */
  readonly uploadsAtOnce: number;
  /** An upload from which nothing arrives for so long is broken off. */
  readonly uploadIdleMs: number;
  /** How many URIs a user may have created without having uploaded their content. */
  readonly pendingPerUser: number;
  /** How long such a URI waits for its content. */
  readonly pendingLifetimeMs: number;
  /**
   * Whether the deprecated downloads without access token are served: all, none, or only what was uploaded (or cached)
   * before a moment (milliseconds since the epoch).
   */
  readonly legacyDownloads: boolean | { readonly frozenSince: number };
  readonly thumbnails: ThumbnailSettings;
  readonly previews: PreviewSettings;
}

export interface PreviewSettings {
  /** Whether pages that users link to are fetched at all. */
  readonly enabled: boolean;
  /** Private addresses and ranges that are fetched from all the same. */
  readonly allowedAddresses: readonly string[];
}

export interface ThumbnailSettings {
  /** Images with more pixels (all frames of an animation together) are not decoded. */
  readonly maxPixels: number;
  /** The image process is ended when it holds more than this, in bytes. About 90 MiB are its floor. */
  readonly memoryBytes: number;
  /** Longest time for one thumbnail. */
  readonly timeoutMs: number;
  /** The image process is ended after so long without work. */
  readonly idleMs: number;
  /** How many thumbnails may wait to be made. */
  readonly waiting: number;
}

export const defaultMediaSettings: Omit<MediaSettings, 'folder'> = {
  maxUploadBytes: 50 * MIB,
  maxRemoteBytes: 50 * MIB,
  keepRemoteMs: 90 * 24 * 60 * MINUTE_MS,
  quotaBytes: 0,
  uploadsAtOnce: 10,
  uploadIdleMs: MINUTE_MS,
  pendingPerUser: 20,
  pendingLifetimeMs: 24 * 60 * MINUTE_MS,
  legacyDownloads: true,
  thumbnails: {
    maxPixels: 64_000_000,
    memoryBytes: 256 * MIB,
    timeoutMs: 10_000,
    idleMs: MINUTE_MS,
    waiting: 100,
  },
  previews: { enabled: true, allowedAddresses: [] },
};

/** `all`, `none`, or the day (YYYY-MM-DD, UTC) before which what is served was there, as the settings have it. */
export function legacyDownloads(open: string): MediaSettings['legacyDownloads'] {
  if (open === 'all' || open === 'none') return open === 'all';
  return { frozenSince: Date.parse(open) };
}
