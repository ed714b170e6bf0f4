import type { GraphQLSchema } from 'graphql'
import { pino } from 'pino'
import { createMetrics } from '../../metrics.ts'
import type { Caller } from '../caller.ts'
import { startSubgraphServer } from '../server.ts'
import type { TestTokens } from './test-tokens.ts'

/** A subgraph with this schema on a free port, whose calls need no signature. */
export function startTestSubgraph(options: { schema: GraphQLSchema; tokens: TestTokens; shutdownGraceMs?: number }) {
  return startSubgraphServer<{ caller: Caller }>({
    ...options,
    createContext: (caller) => ({ caller }),
    callers: { verifier: options.tokens.verifier, signer: undefined },
    metrics: createMetrics(),
    ready: async () => {},
    address: { host: '127.0.0.1', port: 0, variable: 'PORT' },
    logger: pino({ level: 'silent' }),
  })
}
