import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

/** Seconds, from a cached answer to a long poll. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export interface CounterMetric {
  add(labels?: Labels, count?: number): void;
}

export interface HistogramMetric {
  observe(labels: Labels, seconds: number): void;
}

/** Figures for Prometheus. Names start with `copse_`, and units are seconds and bytes. */
export class Metrics {
  readonly #registry = new Registry();

  /** A number that only grows. Labels must be few and bounded: never a room, a user or an address. */
  counter(name: string, help: string, labelNames: readonly string[] = []): CounterMetric {
    const counter = new Counter({
      name: `copse_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
    });
    return { add: (labels = {}, count = 1) => counter.inc({ ...labels }, count) };
  }

  histogram(name: string, help: string, labelNames: readonly string[], buckets: number[] = SECONDS): HistogramMetric {
    const histogram = new Histogram({
      name: `copse_${name}`,
      help,
      labelNames: [...labelNames],
      buckets,
      registers: [this.#registry],
    });
    return { observe: (labels, seconds) => histogram.observe({ ...labels }, seconds) };
  }

  /** A number that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name: `copse_${name}`,
      help,
      registers: [this.#registry],
      async collect() {
        this.set(await read());
      },
    });
  }

  /** One gauge with a value for each label, such as the size of each cache. */
  gauges(name: string, help: string, label: string, read: () => Iterable<readonly [string, number]>): void {
    new Gauge({
      name: `copse_${name}`,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [value, number] of read()) this.set({ [label]: value }, number);
      },
    });
  }

  /** Everything in Prometheus's text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}

/** What every process shows about itself. No sampling timers: an idle server stays idle. */
export function addProcessMetrics(metrics: Metrics): void {
  metrics.gauge('process_resident_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
  metrics.gauge('process_heap_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  metrics.gauge('process_external_bytes', 'Memory of buffers outside the heap.', () => process.memoryUsage().external);
  metrics.gauge('process_cpu_seconds', 'Processor time used, user and system.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.gauge('process_uptime_seconds', 'Time since the start.', () => process.uptime());
}
