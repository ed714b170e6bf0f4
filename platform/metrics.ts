import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { addBuildInfo, processMetrics } from './process-metrics.ts'

/** The metrics of one process, or of one of the services that share a process. */
export type Metrics = Registry

/** What a metric is called, by Prometheus' conventions, and what it means. */
interface Described {
  readonly name: string
  /** One sentence, with the unit. */
  readonly help: string
}

/** A metric that is a series for each combination of values: all of them must be known to the code or the configuration. */
interface Labelled<Label extends string> extends Described {
  /** Absent: it has none, and is told from the start. */
  readonly labels?: readonly Label[]
}

/** Of what usually takes from a millisecond to ten seconds, in seconds. */
export const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** @param role what the process is, for `parley_build_info`; absent: it is not told. */
export function createMetrics(role?: string): Metrics {
  const metrics = new Registry()
  if (role !== undefined) addBuildInfo(metrics, role)
  return metrics
}

/**
 * Counts what happens; the one of that name, if there is one.
 *
 * @throws Error when there is a metric of another kind by that name.
 */
export function counter<Label extends string = never>(metrics: Metrics, options: Labelled<Label>): Counter<Label> {
  const known = metrics.getSingleMetric(options.name)
  return known instanceof Counter ? known : new Counter(settings(metrics, options))
}

/**
 * How large something was each time, or how long it took; the one of that name, if there is one.
 *
 * @param options.buckets their upper bounds, in the metric's unit.
 * @throws Error when there is a metric of another kind by that name.
 */
export function histogram<Label extends string = never>(
  metrics: Metrics,
  options: Labelled<Label> & { readonly buckets: readonly number[] },
): Histogram<Label> {
  const known = metrics.getSingleMetric(options.name)
  if (known instanceof Histogram) return known
  return new Histogram({ ...settings(metrics, options), buckets: [...options.buckets] })
}

/**
 * A number that is set when it changes; the one of that name, if there is one.
 *
 * @throws Error when there is a metric of another kind by that name.
 */
export function gauge<Label extends string = never>(metrics: Metrics, options: Labelled<Label>): Gauge<Label> {
  const known = metrics.getSingleMetric(options.name)
  return known instanceof Gauge ? known : new Gauge(settings(metrics, options))
}

/** What is looked up for one series of a gauge. */
interface Reading {
  readonly labels: Readonly<Record<string, string>>
  readonly read: () => number
}

const readings = new WeakMap<Metrics, Map<string, Reading[]>>()

/**
 * A number that is looked up when somebody asks for it. May be called several times with one name: what is read for
 * the same labels is added up.
 *
 * @param options.labels of this one series; every call with the name gives the same labels, with other values.
 */
export function observe(
  metrics: Metrics,
  options: Described & { readonly labels?: Readonly<Record<string, string>>; readonly read: () => number },
): void {
  const { name, help, labels = {}, read } = options
  const ofRegistry = readings.get(metrics) ?? new Map<string, Reading[]>()
  readings.set(metrics, ofRegistry)
  const known = ofRegistry.get(name)
  if (known) {
    known.push({ labels, read })
    return
  }
  const observed: Reading[] = [{ labels, read }]
  ofRegistry.set(name, observed)
  new Gauge({
    name,
    help,
    labelNames: Object.keys(labels),
    registers: [metrics],
    collect() {
      this.reset()
      for (const each of observed) this.inc(each.labels, each.read())
    },
  })
}

/** Serves `GET /metrics` in Prometheus' text format: these, and those of the whole process. */
export function serveMetrics(server: FastifyInstance, metrics: Metrics): void {
  const shared = processMetrics()
  server.get('/metrics', async (_request, reply) => {
    const texts = await Promise.all([metrics.metrics(), shared.metrics()])
    return reply.type(metrics.contentType).send(texts.join('\n'))
  })
}

function settings<Label extends string>(metrics: Metrics, { name, help, labels = [] }: Labelled<Label>) {
  return { name, help, labelNames: labels, registers: [metrics] }
}
