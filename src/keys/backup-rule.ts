/** What decides between two copies of one session's key (client-server API, "Server-side key backups"). */
export interface SessionRank {
  readonly isVerified: boolean;
  readonly firstMessageIndex: number;
  readonly forwardedCount: number;
}

/** Whether `next` is the better copy and takes the place of `old`. Equal copies stay as they are. */
export function replacesSession(old: SessionRank, next: SessionRank): boolean {
  // Different values of is_verified: the verified key is kept.
  if (old.isVerified !== next.isVerified) return next.isVerified;
  // The same: the lower first_message_index, which decrypts more.
  if (old.firstMessageIndex !== next.firstMessageIndex) return next.firstMessageIndex < old.firstMessageIndex;
  // That too: the lower forwarded_count.
  return next.forwardedCount < old.forwardedCount;
}
