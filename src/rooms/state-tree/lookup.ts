import { childFor, levelOf, valueIn } from './page.ts';
import type { PageReader } from './page-reader.ts';
import type { LookupRequest } from './tree-types.ts';

/** A request on its way down: `page` is where it stands. */
interface Walk {
  readonly request: LookupRequest;
  readonly at: number;
  page: number;
}

/** See StateTrees.lookup. What is in memory is answered in one go; each fetch takes all others a level down. */
export async function lookupAll(
  reader: PageReader,
  requests: readonly LookupRequest[],
): Promise<(number | undefined)[]> {
  const values = new Array<number | undefined>(requests.length).fill(undefined);
  let walks: Walk[] = [];
  for (const [at, request] of requests.entries()) {
    if (request.root !== 0) walks.push({ request, at, page: request.root });
  }
  for (;;) {
    walks = walks.filter(walk => !descend(reader, walk, values));
    if (walks.length === 0) return values;
    await reader.fetch();
  }
}

/** Whether the walk has come to its leaf. */
function descend(reader: PageReader, walk: Walk, values: (number | undefined)[]): boolean {
  const { roomNid, key } = walk.request;
  for (;;) {
    const page = reader.page(roomNid, walk.page);
    if (page === undefined) return false;
    if (levelOf(page) === 0) {
      values[walk.at] = valueIn(page, key);
      return true;
    }
    walk.page = childFor(page, key);
  }
}
