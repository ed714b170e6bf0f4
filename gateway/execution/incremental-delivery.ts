import type { ApolloServerPlugin, GraphQLRequestListener, GraphQLResponse } from '@apollo/server'
import type { FormattedExecutionResult } from 'graphql'
import { toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import type { OperationResult } from './compiled-operation.ts'
import { type GatewayExecutorOptions, prepareOperation, withPlan } from './gateway-executor.ts'
import { DEFER_NOTHING, type DeferChoice, deferChoice, usesDefer } from './incremental-choice.ts'
import type { IncrementalFormat } from './incremental-format.ts'
import { incrementalFormatFor } from './incremental-negotiation.ts'
import { IncrementalRun } from './incremental-run.ts'
import type { OperationContext } from './operation-context.ts'

/** Where an answer in pieces is of the type that Apollo Server has for those of graphql-js. */
type IncrementalBody = Extract<GraphQLResponse['body'], { kind: 'incremental' }>

/**
 * Has Apollo Server answer operations with `@defer` in pieces, where the client accepts a format for that; to others it
 * is a hint, and their operations are executed whole.
 */
export function incrementalDelivery(
  options: GatewayExecutorOptions,
  logger: Logger,
): ApolloServerPlugin<OperationContext> {
  return {
    requestDidStart: async ({ request: { http } }) => {
      const format = http && incrementalFormatFor(http.headers.get('accept'))
      if (!format) return
      return {
        responseForOperation: async (request) => {
          const { document, operation } = request
          if (operation.operation === 'subscription' || !usesDefer(document)) return null
          const choice = deferChoice(document, operation, request.request.variables ?? {})
          if (choice === DEFER_NOTHING) return null
          const response = await answerInPieces(request, choice, format, options, logger)
          // Apollo Server looks at it once more, when it writes.
          if (response) http.headers.set('accept', format.mediaType)
          return response
        },
      }
    },
  }
}

type ResolvedRequest = Parameters<NonNullable<GraphQLRequestListener<OperationContext>['responseForOperation']>>[0]

/** Null when the operation must not begin, or cannot be planned like this: executed whole, it says why, or does well. */
async function answerInPieces(
  { request, document, operation: asked, queryHash, contextValue: context, response }: ResolvedRequest,
  choice: DeferChoice,
  format: IncrementalFormat,
  options: GatewayExecutorOptions,
  logger: Logger,
): Promise<GraphQLResponse | null> {
  if (queryHash === undefined) return null
  const { operationName, variables = {} } = request
  const headers = request.http?.headers
  const { viewer } = context
  const toPlan = { document, operation: asked, operationName, queryHash, variables, viewer, choice }
  const operation = tryTo(() => prepareOperation(options, toPlan), logger)
  if (!operation || 'errors' in operation || operation.deferredLabels.length === 0 || operation.refusalOf(variables))
    return null
  const run = new IncrementalRun(operation, { variables, sources: options.sources, context })
  const first = await run.first()
  const formatted = (result: OperationResult) => onWire(result, context, logger)
  const body = {
    kind: 'incremental',
    initialResult: format.first(first, formatted(withPlan(options, first.result, operation.queryPlan, headers))),
    subsequentResults: following(run, format, formatted),
  }
  return { http: response.http, body: body as IncrementalBody } as GraphQLResponse
}

function tryTo<Result>(prepare: () => Result, logger: Logger): Result | undefined {
  try {
    return prepare()
  } catch (error) {
    logger.warn({ err: error }, 'an operation cannot be planned with what it defers')
    return undefined
  }
}

/** The pieces after the first. Written by hand: an async generator could not be left before its next value is there. */
function following(
  run: IncrementalRun,
  format: IncrementalFormat,
  formatted: (result: OperationResult) => FormattedExecutionResult,
): AsyncIterableIterator<object, undefined> {
  return {
    next: async () => {
      const piece = await run.next()
      return piece ? { done: false, value: format.following(piece, formatted) } : { done: true, value: undefined }
    },
    return: async () => {
      run.stop()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function onWire({ errors, data, extensions }: OperationResult, context: OperationContext, logger: Logger) {
  const [first] = errors ?? []
  if (first) context.measured?.failed(first)
  return {
    ...(errors && { errors: errors.map((error) => toWireError(error, context.requestId, logger)) }),
    data: data as FormattedExecutionResult['data'] & {},
    ...(extensions && { extensions }),
  } as FormattedExecutionResult
}
