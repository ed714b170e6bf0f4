import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { versionOfParley } from './version.ts'

let shared: Registry | undefined

/**
 * What is told of every process: `process_*` and `nodejs_*`, memory, CPU, garbage collection and the lag of the event
 * loop since they were last asked for. Services that share a process share them, because what watches the event loop
 * and the collector is never taken down again.
 */
export function processMetrics(): Registry {
  if (!shared) {
    shared = new Registry()
    collectDefaultMetrics({ register: shared })
  }
  return shared
}

/** Says which version of which role this is: `parley_build_info`, which is always 1. */
export function addBuildInfo(metrics: Registry, role: string): void {
  new Gauge({
    name: 'parley_build_info',
    help: 'Always 1; the labels are the role of the process and the version of Parley.',
    labelNames: ['role', 'version'],
    registers: [metrics],
  }).set({ role, version: versionOfParley() }, 1)
}
