/** The longest answer with a state: more than the largest rooms there are have. */
export const LARGEST_ANSWER = 512 * 1024 * 1024;
/** What taking in a state holds in memory. */
export const JOIN_BYTES = 24 * 1024 * 1024;
