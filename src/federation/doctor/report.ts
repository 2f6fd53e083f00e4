import { CHECKS } from './checks/all.ts';
import type { Diagnosis, Health, PeerDiagnosis, ServerDiagnosis } from './diagnose.ts';
import type { Finding } from './verdict.ts';
import { momentText, spanText } from './words.ts';

/** What was done about a finding, in lines. */
export interface Done {
  readonly server: string;
  readonly lines: readonly string[];
}

const SAID: Readonly<Record<Health, string>> = {
  healthy: 'healthy',
  sick: 'NOT HEALTHY',
  'not provable': 'not provable',
};

/** After how many milliseconds the watch looks at a server again, by its name. */
export type Again = Readonly<Record<string, number>>;

/** The diagnosis for people: the cause first, then what it does, how we know, and what was done or is to do. */
export function reportText(
  { us, peers, takenAt }: Diagnosis,
  done: readonly Done[] = [],
  after?: Diagnosis,
  again: Again = {},
): string {
  const doneAbout = (server: string) => ({
    done: done.filter(each => each.server === server).map(({ lines }) => lines),
    again: again[server],
  });
  const blocks = [
    ...peers.map(peer =>
      block(
        peer,
        takenAt,
        doneAbout(peer.server),
        after?.peers.find(each => each.server === peer.server),
      ),
    ),
    block({ ...us, server: `${us.server} (this server)` }, takenAt, doneAbout(us.server), after?.us),
    `seen ${momentText(takenAt)}; \`copse doctor federation --explain ${firstCause(peers, us) ?? 'D01'}\` says more about a cause`,
  ];
  return blocks.join('\n\n');
}

/** 0: everything was seen to work. 1: something is sick. 2: something could not be proved. */
export function exitCode({ us, peers }: Diagnosis): 0 | 1 | 2 {
  const all = [us, ...peers].map(({ health }) => health);
  if (all.includes('sick')) return 1;
  // Whether we are reached nobody can prove from here, so that alone does not count when a peer is proved to hear us.
  const asked = peers.length > 0 ? peers.map(({ health }) => health) : [us.health];
  return asked.includes('not provable') ? 2 : 0;
}

/** What is known of a cause; undefined when there is none of that name. */
export function explainText(cause: string): string | undefined {
  const found = CHECKS.filter(check => check.cause === cause.toUpperCase());
  const [first] = found;
  if (first === undefined) return undefined;
  const titles = found.map(({ title }) => title);
  return `${first.cause}  ${titles.join('; ')}\n\n${first.explain}`;
}

/** Every cause with its title, one a line. */
export function causesText(): string {
  return CHECKS.map(({ cause, title }) => `${cause}  ${title}`).join('\n');
}

type Told = ServerDiagnosis & Partial<Pick<PeerDiagnosis, 'heardAt'>>;

interface DoneAbout {
  readonly done: readonly (readonly string[])[];
  readonly again: number | undefined;
}

function block(told: Told, takenAt: number, { done, again }: DoneAbout, after: Told | undefined): string {
  const { health, findings, unproven } = told;
  const lines = [headText(told, takenAt)];
  for (const finding of findings) lines.push(...findingLines(finding));
  lines.push(...done.flatMap(each => labelled('done', each)));
  const now = after !== undefined && done.length > 0 ? nowLines(after, takenAt) : [];
  lines.push(...labelled('now', again === undefined ? now : [...now, againText(again)]));
  lines.push(...labelled(health === 'sick' ? 'also' : 'but', unproven));
  return lines.join('\n');
}

function headText({ server, health, since, findings: [first] }: Told, now: number): string {
  const parts = [server, SAID[health]];
  if (since !== null && health === 'sick') parts.push(`since ${momentText(since)} (${spanText(now - since)})`);
  if (first !== undefined) parts.push(`confidence: ${first.confidence}`);
  return parts.join('   ');
}

function nowLines({ health, findings, heardAt }: Told, before: number): string[] {
  const state = `${SAID[health]}${findings.length === 0 ? '' : `: ${findings.map(({ cause }) => cause).join(', ')}`}`;
  return [state, ...(heardAt != null && heardAt > before ? [`it sent us something ${momentText(heardAt)}`] : [])];
}

function againText(ms: number): string {
  return `Will check again in ${Math.max(Math.round(ms / 60_000), 1)} min.`;
}

function findingLines({ cause, title, confidence, because, effect, proof, repair }: Finding): string[] {
  const why = because === undefined ? '' : `, because of ${because}`;
  return [
    ` cause  ${cause} ${title} (${confidence}${why})`,
    ...labelled('effect', [effect]),
    ...labelled('proof', proof),
    ...labelled(repair?.kind === undefined ? 'to do' : 'cure', repair?.lines ?? []),
  ];
}

function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, at) => ` ${(at === 0 ? label : '').padEnd(6)} ${line}`);
}

function firstCause(peers: Diagnosis['peers'], us: Diagnosis['us']): string | undefined {
  return [...peers.flatMap(peer => peer.findings), ...us.findings][0]?.cause;
}
