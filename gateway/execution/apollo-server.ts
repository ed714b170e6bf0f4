import { ApolloServer, type ApolloServerPlugin } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import { codeOf, toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { markFailed, spanNow } from '../../platform/tracing/spans.ts'
import { costReport } from '../protection/cost-report.ts'
import type { OperationDocuments } from '../protection/operation-documents.ts'
import type { SupergraphGateway } from '../supergraph/supergraph-gateway.ts'
import { cacheReport } from './cache-report.ts'
import { type OperationContext, runningOperation } from './operation-context.ts'

/**
 * Apollo Server over the gateway: runs queries and mutations of every transport. Run it inside
 * {@link runningOperation}, where it finds the id of the request that an error belongs to.
 */
export async function startApolloServer(options: {
  gateway: SupergraphGateway
  documents: OperationDocuments
  /** Answers in pieces, where it can. */
  incremental: ApolloServerPlugin<OperationContext>
  production: boolean
  logger: Logger
}): Promise<ApolloServer<OperationContext>> {
  const apollo = new ApolloServer<OperationContext>({
    gateway: options.gateway,
    logger: options.logger,
    nodeEnv: options.production ? 'production' : 'development',
    introspection: !options.production,
    hideSchemaDetailsFromClientErrors: options.production,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    persistedQueries: false,
    documentStore: options.documents,
    // It is given documents, and parses none: not even when the store has failed, which it only warns of.
    parseOptions: { maxTokens: 0 },
    stopOnTerminationSignals: false,
    formatError: (_formatted, error) => {
      const running = runningOperation.getStore()
      running?.measured?.failed(error)
      const told = toWireError(error, running?.requestId ?? 'unknown', options.logger)
      markFailed(spanNow(), codeOf(error))
      return told
    },
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      costReport(options.documents),
      cacheReport,
      options.incremental,
    ],
  })
  await apollo.start()
  return apollo
}
