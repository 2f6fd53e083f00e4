import { rootCertificates } from 'node:tls';
import { type Clock, sleep } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import { Rounds } from '../base/rounds.ts';
import { type Bus, LocalBus } from '../bus/bus.ts';
import type { BusStatus, NatsBus } from '../bus/nats-bus.ts';
import type { NatsTls } from '../bus/nats-link.ts';
import { natsServers } from '../bus/nats-servers.ts';
import type { Config } from '../config/schema.ts';
import type { ServerName } from '../core/ids.ts';
import { certificateFiles, readAuthorities, readCertificate } from './tls-files.ts';

export interface OpenBus extends AsyncDisposable {
  readonly bus: Bus;
  /** Undefined for the bus of a single process. */
  status(): BusStatus | undefined;
  /** Looks from now on how many processes live, this one among them; undefined: it is the only one. */
  expecting(living: () => Promise<number | undefined>): AsyncDisposable;
}

interface BusInput {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics | undefined;
  /** For tests: the bus that several servers of one process share. */
  readonly bus?: Bus;
}

type BusSettings = {
  readonly tls: Pick<Config['tls'], 'extra_ca'>;
  readonly cluster: Pick<Config['cluster'], 'bus' | 'bus_certificate' | 'bus_key'>;
};

/** How long a start waits for NATS. Without it Copse starts all the same: everything is right, only later. */
const LONGEST_WAIT_MS = 5000;
/** How often the processes that live are counted. */
const COUNT_EVERY_MS = 10_000;

/** The bus of the settings. The library for NATS is loaded only where it is used. */
export async function openBus(config: BusSettings, serverName: ServerName, input: BusInput): Promise<OpenBus> {
  const { clock, log } = input;
  const onError = (error: unknown) => log.error('A listener on the bus failed.', { err: error });
  const servers = natsServers(config.cluster.bus ?? '');
  if (input.bus !== undefined || servers === undefined) return withoutNats(input.bus ?? new LocalBus(onError));
  const { NatsBus } = await import('../bus/nats-bus.ts');
  const tls = tlsOf(config);
  const count = counter(input.metrics);
  const bus = new NatsBus({ ...input, log: log.child('bus'), servers, tls, cluster: serverName, onError, count });
  input.metrics?.gauge('bus_connected', 'Whether the bus between processes is connected.', () =>
    Number(bus.status().isConnected),
  );
  await Promise.race([bus.firstTried, sleep(clock, LONGEST_WAIT_MS)]);
  return {
    bus,
    status: () => bus.status(),
    expecting: living => watchOthers(bus, living, input),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}

function withoutNats(bus: Bus): OpenBus {
  const nothing: AsyncDisposable = { [Symbol.asyncDispose]: async () => undefined };
  return { bus, status: () => undefined, expecting: () => nothing, ...nothing };
}

/** A process that reaches the database and not the bus is known of by the database alone. */
export function watchOthers(
  bus: Pick<NatsBus, 'expectOthers'>,
  living: () => Promise<number | undefined>,
  { clock, log }: Pick<BusInput, 'clock' | 'log'>,
): AsyncDisposable {
  const rounds = new Rounds(clock, async () => {
    try {
      bus.expectOthers(((await living()) ?? 1) - 1);
    } catch (error) {
      log.debug('It is not known how many processes live.', { err: error });
    }
    return COUNT_EVERY_MS;
  });
  rounds.wake();
  return rounds;
}

const CERTIFICATE_NAMES = { certificate: 'cluster.bus_certificate', key: 'cluster.bus_key' };

/** Reads the files for the bus, where there is one. @throws TlsFileError */
export function checkBusFiles(config: BusSettings): void {
  if (config.cluster.bus !== undefined) tlsOf(config);
}

/** @throws TlsFileError */
function tlsOf({ cluster, tls }: BusSettings): NatsTls {
  const authorities = readAuthorities(tls.extra_ca);
  const files = certificateFiles({ certificate: cluster.bus_certificate, key: cluster.bus_key }, CERTIFICATE_NAMES);
  return {
    ...(authorities.length > 0 && { ca: [...rootCertificates, ...authorities].join('\n') }),
    ...(files !== undefined && readCertificate(files, CERTIFICATE_NAMES)),
  };
}

function counter(metrics: Metrics | undefined): (what: string) => void {
  const messages = metrics?.counter(
    'bus_messages',
    'Messages of the bus between processes: sent, received, not sent (disconnected, full, large), and how often some may have been lost (missed).',
    ['what'],
  );
  return what => messages?.add({ what });
}
