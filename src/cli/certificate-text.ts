/** What people are told of the certificate that an authority issues to this server. */
export interface CertificateStatus {
  readonly names: readonly string[];
  /** From when the one in use is good, in milliseconds, and until when; undefined while there is none. */
  readonly from: number | undefined;
  readonly until: number | undefined;
  /** Why there is no newer one; undefined where all is well. */
  readonly problem: string | undefined;
}

export function certificateRow({ names, until, problem }: CertificateStatus): [string, string] {
  const good = until === undefined ? 'none yet' : `good until ${new Date(until).toISOString().slice(0, 10)}`;
  return ['certificate', `${names.join(', ')}: ${good}${problem === undefined ? '' : `; ${problem}`}`];
}
