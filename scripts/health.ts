/**
 * Asks the role of this container whether it is alive, for the image's HEALTHCHECK: exit code 0 when it answers `/health`.
 * The role is the argument, or else the one that the container's first process was told to run; one that ends by itself
 * is healthy as long as it runs.
 */
import { readFileSync } from 'node:fs'

const TIMEOUT_MS = 3_000

/** The variable that names the port of each role that listens, and the port without it. */
const PORTS: Readonly<Record<string, readonly [variable: string, fallback: string]>> = {
  gateway: ['PORT', '4000'],
  auth: ['AUTH_PORT', '4001'],
  chat: ['CHAT_PORT', '4002'],
  worker: ['WORKER_PORT', '4003'],
  'demo-model': ['DEMO_MODEL_PORT', '4010'],
}

function findRole(): string | undefined {
  const words = readFileSync('/proc/1/cmdline', 'utf8').split('\0')
  return words[words.findIndex((word) => word.endsWith('role.ts')) + 1]
}

const [variable, fallback] = PORTS[process.argv[2] ?? findRole() ?? ''] ?? []
if (variable !== undefined) {
  const url = `http://127.0.0.1:${process.env[variable] || fallback}/health`
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined)
  process.exit(response?.ok ? 0 : 1)
}
