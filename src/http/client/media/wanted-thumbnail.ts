import { invalidParam } from '../../../core/matrix-error.ts';
import type { WantedThumbnail } from '../../../media/thumbnails.ts';
import type { Query } from '../../query.ts';

/** Larger wishes are cut to this: every image that is decoded here is smaller. */
const LARGEST_SIDE = 100_000;

/** The thumbnail that a query asks for. @throws MatrixError M_MISSING_PARAM, M_INVALID_PARAM */
export function wantedThumbnail(query: Query): WantedThumbnail {
  return {
    width: side(query, 'width'),
    height: side(query, 'height'),
    method: query.choice('method', ['scale', 'crop'], 'scale'),
    animated: query.boolean('animated'),
  };
}

/** The name under which a thumbnail is saved. */
export function thumbnailName(contentType: string): string {
  return `thumbnail.${contentType.slice('image/'.length).replace('jpeg', 'jpg')}`;
}

function side(query: Query, name: string): number {
  if (query.required(name) === '') throw invalidParam(`The query parameter ${name} must be an integer.`);
  return query.integer(name, { fallback: 0, min: 1, max: LARGEST_SIDE });
}
