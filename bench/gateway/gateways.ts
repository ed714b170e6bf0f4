import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Resources } from '../../platform/resources.ts'
import { print } from '../measurement.ts'
import { freePort, type Program } from '../processes.ts'
import { type PinnedOptions, startPinned } from './pinned-program.ts'

/** A gateway that runs and is asked at `url`. */
export interface BenchGateway {
  readonly title: GatewayTitle
  readonly url: string
  readonly program: Program
}

/** What the gateways are given. */
export interface GatewaySetting {
  /** Path of the supergraph's SDL. */
  readonly supergraph: string
  /** Addresses of the subgraphs. */
  readonly subgraphs: readonly string[]
  readonly core: number
  /** Identical queries in flight are to be answered together. */
  readonly deduplicate: boolean
  /** A folder for a CPU profile of ours. */
  readonly profile?: string | undefined
  /** Where ours is to say how much memory it uses. */
  readonly memoryPort?: number
}

export type GatewayTitle = keyof typeof GATEWAYS

const PEERS = fileURLToPath(new URL('peers', import.meta.url))
const HIVE = `${PEERS}/node_modules/@graphql-hive/gateway/dist/bin.js`
const START_MS = 60_000
const LOOK_EVERY_MS = 100
/** For one answer while it starts; it may accept a connection long before it answers. */
const FIRST_WORD_MS = 10_000
const INSTALL_MS = 1_200_000
/** Far above what the benchmark's operation needs: limits are not what is measured. */
const LIMITS = {
  LIMIT_COST: '100000000',
  LIMIT_DEPTH: '50',
  LIMIT_TOKENS: '20000',
  LIMIT_OPERATION_MS: '60000',
  LIMIT_SOCKETS_PER_USER: '20000',
  LIMIT_SOCKETS_PER_SECOND: '20000',
}
const MEMORY_PROBE = './bench/gateway/memory-probe.ts'

const GATEWAYS = {
  ours: (setting: GatewaySetting, port: string) => ({
    path: 'gateway/main.ts',
    options: {
      environment: {
        PORT: port,
        SUPERGRAPH: setting.supergraph,
        LOG_LEVEL: 'error',
        LOG_FORMAT: 'json',
        DEDUPLICATE_QUERIES: String(setting.deduplicate),
        ...LIMITS,
        ...(setting.memoryPort && { MEMORY_PORT: String(setting.memoryPort) }),
      },
      flags: [
        ...(setting.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${setting.profile}`]),
        ...(setting.memoryPort === undefined ? [] : ['--expose-gc', '--import', MEMORY_PROBE]),
      ],
    },
  }),
  stock: ({ supergraph }: GatewaySetting, port: string) => ({
    path: 'bench/gateway/stock.ts',
    options: { environment: { PORT: port, SUPERGRAPH: supergraph, APOLLO_TELEMETRY_DISABLED: 'true' } },
  }),
  hive: (setting: GatewaySetting, port: string) => hive(setting, port, { shareFetches: setting.deduplicate }),
  'hive as it comes': (setting: GatewaySetting, port: string) => hive(setting, port, { shareFetches: true }),
  mercurius: ({ subgraphs }: GatewaySetting, port: string) => ({
    path: `${PEERS}/mercurius.js`,
    options: { environment: { PORT: port, SUBGRAPHS: subgraphs.join(',') } },
  }),
} satisfies Record<string, (setting: GatewaySetting, port: string) => StartCommand>

/** Of itself it lets queries share fetches that are in flight, whoever asks them, and not whole answers. */
function hive({ supergraph, deduplicate }: GatewaySetting, port: string, options: { shareFetches: boolean }) {
  return {
    path: HIVE,
    options: {
      args: [
        ...['supergraph', supergraph, '--hive-router-runtime'],
        ...['--config-path', `${PEERS}/hive.config.js`, '--host', '127.0.0.1', '--port', port],
      ],
      environment: { SHARE_FETCHES: String(options.shareFetches), SHARE_QUERIES: String(deduplicate) },
    },
  }
}

interface StartCommand {
  readonly path: string
  readonly options: Omit<PinnedOptions, 'core'>
}

/**
 * Starts a gateway on its core and waits until it answers.
 *
 * @throws Error when it does not in a minute.
 */
export async function startGateway(
  resources: Resources,
  title: GatewayTitle,
  setting: GatewaySetting,
): Promise<BenchGateway> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/graphql`
  const { path, options }: StartCommand = GATEWAYS[title](setting, String(port))
  const program = startPinned(resources, path, { ...options, core: setting.core })
  const deadline = performance.now() + START_MS
  for (let said = await firstWord(url); said !== 'ready'; said = await firstWord(url)) {
    if (program.hasEnded()) throw new Error(`${title} has ended while it started.`)
    if (performance.now() > deadline) throw new Error(`${title} does not answer: ${said}`)
    await delay(LOOK_EVERY_MS)
  }
  return { title, url, program }
}

/** Installs the gateways of others, exactly as they are locked, unless that was done before. */
export async function installPeers(): Promise<void> {
  if (existsSync(HIVE)) return
  print('Installing the other gateways into bench/gateway/peers/node_modules (some minutes)')
  const args = ['ci', '--prefix', PEERS, '--ignore-scripts', '--no-audit', '--no-fund']
  try {
    await promisify(execFile)('npm', args, { cwd: PEERS, timeout: INSTALL_MS, killSignal: 'SIGKILL' })
  } catch (cause) {
    throw new Error(`npm has failed to install the other gateways, or took ${INSTALL_MS / 60_000} minutes.`, { cause })
  }
}

/** Whether it is ready; else what it says to a query. */
async function firstWord(url: string): Promise<string> {
  const body = JSON.stringify({ query: '{ __typename }' })
  try {
    const signal = AbortSignal.timeout(FIRST_WORD_MS)
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body, signal })
    const text = await response.text()
    return response.ok ? 'ready' : `${response.status} ${text.slice(0, 200)}`
  } catch (error) {
    return String(error instanceof Error ? (error.cause ?? error) : error)
  }
}
