import type { FastifyInstance } from 'fastify'
import { Gauge, Registry } from 'prom-client'

/** The metrics of one process, or of one of the services that share a process. */
export type Metrics = Registry

/** An empty collection; names follow Prometheus' conventions. */
export function createMetrics(): Metrics {
  return new Registry()
}

/** A number that is looked up when somebody asks for it. */
export function observe(metrics: Metrics, options: { name: string; help: string; read: () => number }): void {
  new Gauge({
    name: options.name,
    help: options.help,
    registers: [metrics],
    collect() {
      this.set(options.read())
    },
  })
}

/** Serves `GET /metrics` in Prometheus' text format. */
export function serveMetrics(server: FastifyInstance, metrics: Metrics): void {
  server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))
}
