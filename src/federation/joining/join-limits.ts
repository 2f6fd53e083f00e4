/** The longest answer with a state: more than the largest rooms there are have. */
export const LARGEST_ANSWER = 512 * 1024 * 1024;
/** What taking in a state of unknown size holds in memory. */
export const JOIN_BYTES = 24 * 1024 * 1024;
const MEMBERS_BYTES = 12 * 1024 * 1024;
/** A connection to a server whose key is asked for, the key, and its users on their way. */
const SERVER_BYTES = 8 * 1024;

/** What it takes to get the members of a room on so many servers: what has to wait for memory waits for as much. */
export function priceOfMembers(servers: number): number {
  return MEMBERS_BYTES + servers * SERVER_BYTES;
}
