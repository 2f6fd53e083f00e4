import { Custody } from './custody.ts';
import { DiskStore } from './disk-store.ts';
import { Downloads } from './downloads.ts';
import { MediaList } from './media-list.ts';
import type { MediaParts } from './media-parts.ts';
import type { MediaStore } from './media-store.ts';
import { UrlPreviews } from './previews/url-previews.ts';
import { Quarantine } from './quarantine.ts';
import type { MediaSettings } from './settings.ts';
import { Thumbnailer } from './thumbnailer.ts';
import { Thumbnails } from './thumbnails.ts';
import { Uploads } from './uploads.ts';

/** The content repository: files by `mxc://` URI. Disposing of it ends the image process. */
export class Media implements AsyncDisposable {
  readonly settings: MediaSettings;
  readonly store: MediaStore;
  readonly uploads: Uploads;
  readonly downloads: Downloads;
  readonly thumbnails: Thumbnails;
  readonly custody: Custody;
  readonly quarantine: Quarantine;
  readonly list: MediaList;
  /** Undefined where they are switched off. */
  readonly previews: UrlPreviews | undefined;
  readonly #thumbnailer: Thumbnailer;

  constructor(given: MediaParts) {
    const log = given.log.child('media');
    const store = given.store ?? new DiskStore(given.settings.folder, given.random);
    const parts = { ...given, log, store };
    this.settings = given.settings;
    this.store = store;
    this.#thumbnailer = new Thumbnailer({ clock: given.clock, log, settings: given.settings.thumbnails });
    this.uploads = new Uploads(parts);
    this.downloads = new Downloads(parts);
    this.thumbnails = new Thumbnails({ ...parts, thumbnailer: this.#thumbnailer });
    this.custody = new Custody(parts);
    this.quarantine = new Quarantine(parts);
    this.list = new MediaList(parts);
    const { previews } = given.settings;
    this.previews = previews.enabled
      ? new UrlPreviews({ ...parts, thumbnailer: this.#thumbnailer, custody: this.custody }, previews)
      : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thumbnailer[Symbol.asyncDispose]();
  }
}
