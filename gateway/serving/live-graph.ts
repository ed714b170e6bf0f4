import { hash } from 'node:crypto'
import { setImmediate as nextRound } from 'node:timers/promises'
import { ConfigurationError } from '../../platform/environment.ts'
import type { Logger } from '../../platform/logging.ts'
import { type Metrics, observe } from '../../platform/metrics.ts'
import type { ServiceSigner } from '../../platform/service-signature.ts'
import type { GrantedPolicies } from '../authorization/authorization.ts'
import type { GatewayConfig } from '../config.ts'
import { SubgraphPool } from '../execution/subgraph-pool.ts'
import { Subscriptions } from '../subscriptions/subscriptions.ts'
import { buildSupergraph, readSupergraph } from '../supergraph/supergraph.ts'
import { WatchedFile } from '../supergraph/watched-file.ts'
import { ReloadMetrics } from './reload-metrics.ts'
import { ServedGraph, type ServingTools } from './served-graph.ts'
import { ServingMetrics } from './serving-metrics.ts'

interface LiveGraphOptions {
  readonly config: GatewayConfig
  readonly signer: ServiceSigner | undefined
  /** Which policies a viewer is granted; undefined: none. */
  readonly policies: GrantedPolicies | undefined
  readonly logger: Logger
  readonly metrics: Metrics
}

/** A supergraph, and the SHA-256 of the text that it was made of. */
interface Version {
  readonly graph: ServedGraph
  readonly sha256: string
}

/**
 * The supergraph that is served now: the newest that its file held and that can be served. When the file changes another
 * one takes its place, for what begins from then on; one that cannot be served changes nothing.
 */
export class LiveGraph implements AsyncDisposable {
  readonly subscriptions: Subscriptions
  readonly #tools: ServingTools
  readonly #metrics: ReloadMetrics
  readonly #file: WatchedFile
  #version: Version
  #running: Promise<void> = Promise.resolve()
  /** The reload that begins when the one that runs is over. */
  #next: Promise<void> | undefined
  /** The SHA-256 of the text that was refused last, if that is what the file holds. */
  #refused: string | undefined
  #isForced = false
  #isClosed = false

  private constructor(version: Version, tools: ServingTools, { signer, logger, metrics }: LiveGraphOptions) {
    const { supergraph, completion } = version.graph
    this.#version = version
    this.#tools = tools
    this.#metrics = new ReloadMetrics(metrics)
    this.#metrics.serves(version.sha256)
    const { planning, subscriptions } = tools.metrics
    this.subscriptions = new Subscriptions({
      supergraph,
      completion,
      planning,
      signer,
      logger,
      metrics: subscriptions,
    })
    observe(metrics, {
      name: 'parley_gateway_plan_cache_entries',
      help: 'Plans that are kept of the supergraph that is served, those of subscriptions included.',
      read: () => this.current.plans.size + this.subscriptions.plans,
    })
    this.#file = new WatchedFile(tools.config.supergraph, () => void this.reload(), { logger })
  }

  /** @throws ConfigurationError when there is no supergraph that can be served. */
  static async open(options: LiveGraphOptions): Promise<LiveGraph> {
    const { config, logger, policies } = options
    const metrics = new ServingMetrics(options.metrics)
    const tools = { config, logger, policies, metrics, pool: new SubgraphPool(options) }
    const version = await load(await readSupergraph(config.supergraph), tools)
    return new LiveGraph(version, tools, options)
  }

  get current(): ServedGraph {
    return this.#version.graph
  }

  /**
   * Serves what the file now holds. Never rejects: the log and the metrics say what came of it.
   *
   * @param options.evenIfSame makes everything anew although the text is the same, because of what else is read with it.
   */
  reload({ evenIfSame = false } = {}): Promise<void> {
    this.#isForced ||= evenIfSame
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      this.#running = this.#reload()
      return this.#running
    })
    return this.#next
  }

  /** Ends what is open, whatever runs on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#file.close()
    await (this.#next ?? this.#running)
    this.subscriptions.close()
    await this.current.apollo.stop()
    await this.#tools.pool.close()
  }

  async #reload(): Promise<void> {
    const { config, logger } = this.#tools
    const [since, isForced] = [performance.now(), this.#isForced]
    this.#isForced = false
    if (this.#isClosed) return
    let sdl: string | undefined
    try {
      sdl = await readSupergraph(config.supergraph)
      if (!isForced && this.#isKnown(sdl)) return
      const streams = await this.#replace(await load(sdl, this.#tools))
      const tookMs = Math.round(performance.now() - since)
      logger.info({ sha256: this.#version.sha256, streams, tookMs }, 'serving a new supergraph')
    } catch (error) {
      this.#refused = sdl && sha256(sdl)
      this.#metrics.refused()
      const why = error instanceof ConfigurationError ? { reason: error.message } : { err: error }
      logger.error(
        { ...why, serving: this.#version.sha256 },
        'the new supergraph is refused, the one before is served on',
      )
    }
  }

  /** Whether it is what is served, or was refused the last time. */
  #isKnown(sdl: string): boolean {
    const hash = sha256(sdl)
    if (hash !== this.#version.sha256) return hash === this.#refused
    this.#refused = undefined
    this.#metrics.unchanged()
    return true
  }

  async #replace(next: Version) {
    const change = await this.subscriptions.prepare(next.graph).catch(async (error) => {
      await next.graph.retire()
      throw error
    })
    // From here on at once: nothing may begin on one supergraph and go on on the other.
    const previous = this.#version.graph
    this.#version = next
    this.#refused = undefined
    const streams = this.subscriptions.serve(change)
    this.#metrics.serves(next.sha256)
    this.#metrics.accepted()
    void this.#letGo(previous)
    return streams
  }

  async #letGo(graph: ServedGraph): Promise<void> {
    try {
      await graph.retire()
    } catch (err) {
      this.#tools.logger.warn({ err }, 'what only the supergraph before has used could not be closed')
    }
  }
}

async function load(sdl: string, tools: ServingTools): Promise<Version> {
  const { supergraph: path, subgraphUrls } = tools.config
  const supergraph = buildSupergraph(sdl, path, subgraphUrls, tools.policies)
  // Both take a while; what is served meanwhile goes between them.
  await nextRound()
  const graph = await ServedGraph.open(supergraph, tools)
  return { graph, sha256: sha256(sdl) }
}

function sha256(text: string): string {
  return hash('sha256', text, 'hex')
}
