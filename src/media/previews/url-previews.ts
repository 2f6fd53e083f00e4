import { type AddressGuard, addressGuard } from '../../base/address-guard.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import { KeyedQueue, QueueFullError } from '../../base/keyed-queue.ts';
import type { JsonObject } from '../../core/json.ts';
import { MatrixError } from '../../core/matrix-error.ts';
import type { Custody } from '../custody.ts';
import type { MediaParts } from '../media-parts.ts';
import type { PreviewSettings } from '../settings.ts';
import { HourlyBudget } from './hourly-budget.ts';
import { type FetchedPage, type FetchParts, fetchPage, previewableUrl } from './page-fetch.ts';
import type { PageFacts } from './page-reader.ts';
import { type ImageParts, type StoredImage, storeImage } from './preview-image.ts';
import { readHtml } from './read-html.ts';
import { deletePreview, expiredPreviews, findPreview, insertPreview } from './url-preview.table.ts';

type Parts = Pick<MediaParts, 'log' | 'budget'> & ImageParts & { readonly custody: Custody };

const HOUR_MS = 3_600_000;
/** How long a preview answers before the page is fetched again. */
const FRESH_MS = 24 * HOUR_MS;
/** How long its picture is kept after that. */
const GRACE_MS = 6 * 24 * HOUR_MS;
const FAILURE_LASTS_MS = 5 * 60_000;
const TIMEOUT_MS = 15_000;
const MOST_PAGE_BYTES = 1024 * 1024;
/** Pages of one user that are fetched side by side, and how many more may wait behind each. */
const LANES = 4;
const MOST_WAITING = 10;
/** Fetches of all users together. */
const MOST_AT_ONCE = 200;
/** Pictures that one user's links bring into the store in an hour, in bytes: then previews come without. */
const MOST_PICTURES = 200 * 1024 * 1024;
const TIDY_BATCH = 200;

interface Failure {
  readonly error: MatrixError;
  readonly until: number;
}

/** Previews of linked pages (client-server API, `GET /media/preview_url`). */
export class UrlPreviews {
  readonly #parts: Parts;
  readonly #fetch: FetchParts;
  readonly #pictures: HourlyBudget;
  readonly #running = new Map<string, Promise<JsonObject>>();
  readonly #failures: ByteCache<Failure>;
  readonly #lanes = new KeyedQueue(MOST_WAITING);
  #started = 0;

  constructor(parts: Parts, settings: PreviewSettings) {
    this.#parts = parts;
    this.#failures = new ByteCache({ name: 'preview_failure', budget: parts.budget, weight: 5, sizeOf: () => 400 });
    this.#pictures = new HourlyBudget(parts.clock, MOST_PICTURES);
    const guard: AddressGuard = addressGuard(settings.allowedAddresses);
    this.#fetch = { clock: parts.clock, guard, timeoutMs: TIMEOUT_MS };
  }

  /**
   * What a page says of itself as Open Graph fields, empty when it says nothing. `ts`: the time that the preview should be
   * of, in milliseconds; one of another time is answered where there is none.
   * @throws MatrixError M_INVALID_PARAM, M_FORBIDDEN (private address), M_UNKNOWN (502), M_LIMIT_EXCEEDED
   */
  async preview(userNid: number, text: string, ts: number | undefined): Promise<JsonObject> {
    const { db, clock } = this.#parts;
    const target = previewableUrl(text);
    const url = target.href;
    const now = clock.now();
    const known = await findPreview(db, url, Math.floor((ts ?? now) / HOUR_MS), now);
    if (known !== undefined) return JSON.parse(known.answer) as JsonObject;
    const failure = this.#failures.get(url);
    if (failure !== undefined && failure.until > now) throw failure.error;
    return this.#running.get(url) ?? this.#start(userNid, target);
  }

  /** The page is fetched once, however many ask for it meanwhile. */
  #start(userNid: number, target: URL): Promise<JsonObject> {
    if (this.#running.size >= MOST_AT_ONCE) throw tooMany();
    const lane = `${userNid}/${this.#started++ % LANES}`;
    const running = this.#lanes
      .run(lane, () => this.#make(userNid, target))
      .catch((error: unknown) => {
        if (error instanceof QueueFullError) throw tooMany(error);
        if (error instanceof MatrixError && error.errcode !== 'M_LIMIT_EXCEEDED') {
          this.#failures.set(target.href, { error, until: this.#parts.clock.now() + FAILURE_LASTS_MS });
        }
        throw error;
      })
      .finally(() => this.#running.delete(target.href));
    this.#running.set(target.href, running);
    return running;
  }

  async #make(userNid: number, target: URL): Promise<JsonObject> {
    const { db, clock } = this.#parts;
    const { answer, image } = await this.#read(userNid, target);
    const now = clock.now();
    const row = { url: target.href, hour: Math.floor(now / HOUR_MS), answer: JSON.stringify(answer) };
    const isFirst = await db.tx(tx => insertPreview(tx, { ...row, image: image?.mediaId ?? null }, now + FRESH_MS));
    // Another process was first; what only this answer shows would never be cleared away.
    if (!isFirst && image !== undefined) await this.#deleteImage(image.mediaId);
    if (isFirst || image === undefined) return answer;
    const first = await findPreview(db, row.url, row.hour, now);
    return first === undefined ? {} : (JSON.parse(first.answer) as JsonObject);
  }

  async #read(userNid: number, target: URL): Promise<{ answer: JsonObject; image: StoredImage | undefined }> {
    const page = await fetchPage(this.#fetch, target, 'text/html, image/*;q=0.8, */*;q=0.1', page =>
      this.#look(userNid, page),
    );
    if (page.facts === undefined) return { answer: page.image?.fields ?? {}, image: page.image };
    const { facts, url } = page;
    const image = facts.image === undefined ? undefined : await this.#image(userNid, facts.image, url);
    return { answer: { ...openGraph(facts), ...image?.fields }, image };
  }

  async #look(userNid: number, page: FetchedPage) {
    const type = page.contentType.split(';')[0]?.trim().toLowerCase() ?? '';
    const { url } = page;
    if (type === 'text/html' || type === 'application/xhtml+xml') {
      return { url, facts: await readHtml(page.body, page.contentType, MOST_PAGE_BYTES), image: undefined };
    }
    const image = type.startsWith('image/') ? await this.#store(userNid, page) : undefined;
    return { url, facts: undefined, image };
  }

  /** A page without its picture is better than no preview. */
  async #image(userNid: number, named: string, base: URL): Promise<StoredImage | undefined> {
    try {
      const url = previewableUrl(named, base);
      return await fetchPage(this.#fetch, url, 'image/*', page => this.#store(userNid, page));
    } catch (error) {
      this.#parts.log.debug('The picture of a preview was left out.', { err: error });
      return undefined;
    }
  }

  async #store(userNid: number, page: FetchedPage): Promise<StoredImage | undefined> {
    if (this.#pictures.isSpent(userNid)) return undefined;
    const image = await storeImage(this.#parts, page);
    if (image !== undefined) this.#pictures.add(userNid, image.size);
    return image;
  }

  /** Deletes previews that expired a while ago, and their pictures. */
  async tidy(): Promise<void> {
    const { db, clock } = this.#parts;
    for (;;) {
      const rows = await expiredPreviews(db, clock.now() - GRACE_MS, TIDY_BATCH);
      for (const { url, hour, image } of rows) {
        if (image !== null) await this.#deleteImage(image);
        await db.tx(tx => deletePreview(tx, url, hour));
      }
      if (rows.length < TIDY_BATCH) return;
    }
  }

  async #deleteImage(mediaId: string): Promise<void> {
    try {
      await this.#parts.custody.delete(this.#parts.serverName, mediaId);
    } catch (error) {
      // An administrator has deleted it already.
      if (!(error instanceof MatrixError && error.errcode === 'M_NOT_FOUND')) throw error;
    }
  }
}

/** The page's own fields but for pictures: clients must not fetch these from the page. */
function openGraph(facts: PageFacts): JsonObject {
  const fields: JsonObject = {};
  for (const [name, value] of facts.openGraph) if (!/^og:image(:|$)/.test(name)) fields[name] = value;
  if (facts.title !== undefined) fields['og:title'] = facts.title;
  if (facts.description !== undefined) fields['og:description'] = facts.description;
  return fields;
}

function tooMany(cause?: unknown): MatrixError {
  const fields = { retry_after_ms: 5000 };
  return new MatrixError('M_LIMIT_EXCEEDED', 'Too many previews are being made.', { fields, cause });
}
