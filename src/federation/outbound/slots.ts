/** Other servers as receivers are divided among the processes that send into so many slots, for ever. */
export const SLOTS = 16;

/** Which slot a server, by number, belongs to. The numbers are dense, so the slots are even. */
export function slotOf(domainNid: number): number {
  return domainNid % SLOTS;
}
