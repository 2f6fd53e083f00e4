import type { Endpoint } from '../../endpoint.ts';
import { search } from './search.ts';

export function searchRoutes(parts: Parameters<typeof search>[0]): Endpoint[] {
  return [search(parts)];
}
