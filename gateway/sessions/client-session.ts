import type { DocumentNode, FormattedExecutionResult, GraphQLError } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { isNewerToken, type Viewer } from '../../platform/access-token.ts'
import { BadUserInputError, RateLimitedError, UnauthenticatedError } from '../../platform/errors.ts'
import { asGraphQLError, toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { withDeadline } from '../execution/deadline.ts'
import { type OperationContext, operationContext, runningOperation } from '../execution/operation-context.ts'
import type { MeasuredOperation, OperationMetrics } from '../execution/operation-metrics.ts'
import { endOpening, inOperationSpan, openIn, startOpening } from '../execution/operation-spans.ts'
import { type Client, type ClientIdentification, isSameSession } from '../identity/client.ts'
import { CostedResults, type JsonResults, wantsCost } from '../protection/cost-report.ts'
import { LimitExceededError } from '../protection/limit-exceeded-error.ts'
import type { MutationRate } from '../protection/mutation-rate.ts'
import type { AcceptedOperation } from '../protection/operation-documents.ts'
import type { RefusalReason } from '../protection/refusals.ts'
import type { ServedGraph } from '../serving/served-graph.ts'
import type { SubscriptionRequest } from '../subscriptions/subscription-request.ts'
import type { SubscriptionStream } from '../subscriptions/subscription-stream.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'
import { type ViewerSources, ViewerWatch } from './viewer-watch.ts'

/** Queries and mutations of one connection that may run at once. */
const MAX_RUNNING = 100

/** How long expired streams get to say so before the connection is closed under them. */
const FAREWELL_MS = 1_000

/** What all connections share. */
export interface SessionServices extends ViewerSources {
  /** An operation stays with the one that is served when it begins. */
  readonly graphs: { readonly current: ServedGraph }
  readonly identification: ClientIdentification
  readonly mutationRate: MutationRate
  readonly operations: OperationMetrics
  readonly subscriptions: Subscriptions
  readonly maxSubscriptions: number
  readonly operationMs: number
  readonly logger: Logger
}

/** An operation that runs: a query or mutation answers once, a subscription many times. */
export interface OpenedOperation {
  readonly document: DocumentNode
  readonly operationName: string | undefined
  readonly outcome: Promise<FormattedExecutionResult> | JsonResults
}

/**
 * One client on one connection, from its identification until it closes, or its token expires or is revoked. A socket
 * carries many operations at once, a stream over HTTP a single one.
 */
export class ClientSession {
  readonly #services: SessionServices
  readonly #close: () => void
  readonly #streams = new Set<SubscriptionStream>()
  readonly #gone = new AbortController()
  #client: Client
  #watch: ViewerWatch | undefined
  #running = 0
  #isRenewing = false
  #expired = false
  #farewell: NodeJS.Timeout | undefined

  /** @param closeForbidden closes the connection because its client is not, or no longer, authenticated. */
  constructor(client: Client, services: SessionServices, closeForbidden: () => void) {
    this.#client = client
    this.#services = services
    this.#close = closeForbidden
    this.#watchViewer()
  }

  /**
   * Starts an operation; the errors say why it did not start. Never throws.
   *
   * @param options.readOnly refuses mutations.
   */
  open(
    payload: SubscribePayload,
    requestId: string,
    { readOnly = false } = {},
  ): OpenedOperation | readonly GraphQLError[] {
    const measured = this.#services.operations.begin(requestId)
    const opened = this.#open(payload, requestId, { readOnly, measured })
    if ('outcome' in opened) return opened
    measured.failed(opened[0])
    measured.end()
    return opened
  }

  #open(
    payload: SubscribePayload,
    requestId: string,
    { readOnly, measured }: { readonly readOnly: boolean; readonly measured: MeasuredOperation },
  ): OpenedOperation | readonly GraphQLError[] {
    try {
      if (this.#expired) throw new UnauthenticatedError()
      const graph = this.#services.graphs.current
      const read = graph.documents.read({ variables: undefined, ...payload })
      if (read.errors) return read.errors
      measured.accepted(read)
      if (readOnly && read.operation.operation === 'mutation') throw new BadUserInputError('Send mutations by POST.')
      const opened = { document: read.document, operationName: read.operation.name?.value }
      if (read.operation.operation !== 'subscription')
        return { ...opened, outcome: graph.during(() => this.#run(payload, read, graph, { requestId, measured })) }
      const variables = payload.variables ?? {}
      const errors = graph.variableFaults(read.operation, variables)
      if (errors) return errors
      const stream = this.#subscribe({ requestId, variables, ...read }, measured)
      return { ...opened, outcome: wantsCost(payload.extensions) ? new CostedResults(stream, read.cost) : stream }
    } catch (error) {
      return [asGraphQLError(error)]
    }
  }

  /**
   * Goes on under a fresh token of the same session: new operations, the next events of the streams that are open, and
   * the subgraphs that these come from. A token that is not newer than the one in force changes nothing, and when it
   * throws, everything is as it was.
   *
   * @param identify verifies the token.
   * @returns the client as the token in force proves them.
   * @throws UnauthenticatedError when the token proves nothing, or somebody else.
   * @throws RateLimitedError while another token is being verified: a socket gets one verification at a time.
   */
  async renew(identify: () => Promise<Client>): Promise<Client> {
    if (this.#isRenewing) throw new RateLimitedError('This socket is being renewed already; wait for the pong.')
    this.#isRenewing = true
    try {
      const client = await identify()
      const isOver = this.#expired || this.#gone.signal.aborted
      if (isOver || !isSameSession(client, this.#client)) throw new UnauthenticatedError()
      if (isNewer(client, this.#client)) this.#adopt(client)
      return this.#client
    } finally {
      this.#isRenewing = false
    }
  }

  /** The connection has closed, or is being closed: everything that ran on it stops at once. */
  end(): void {
    this.#watch?.stop()
    clearTimeout(this.#farewell)
    this.#gone.abort()
    for (const stream of this.#streams) void stream.return()
  }

  #subscribe(
    asked: Omit<SubscriptionRequest, 'client' | 'unauthenticated' | 'asked' | 'opened' | 'failed'>,
    measured: MeasuredOperation,
  ): SubscriptionStream {
    const { maxSubscriptions, subscriptions } = this.#services
    if (this.#streams.size >= maxSubscriptions)
      throw tooMany('subscriptions', `${maxSubscriptions} subscriptions`, 'complete one')
    const opening = startOpening(this.#client, asked)
    const request: SubscriptionRequest = {
      ...asked,
      opening,
      client: () => this.#client,
      unauthenticated: () => this.#disowned(),
      asked: () => measured.asked(),
      opened: () => measured.opened(),
      failed: (error) => measured.failed(error),
    }
    const stream = openIn(opening, () =>
      subscriptions.open(request, () => {
        endOpening(opening)
        measured.end()
        this.#streams.delete(stream)
        if (this.#expired && this.#streams.size === 0) setImmediate(this.#close)
      }),
    )
    this.#streams.add(stream)
    return stream
  }

  async #run(
    payload: SubscribePayload,
    accepted: AcceptedOperation,
    { apollo, documents }: ServedGraph,
    { requestId, measured }: { readonly requestId: string; readonly measured: MeasuredOperation },
  ): Promise<FormattedExecutionResult> {
    this.#running += 1
    try {
      if (this.#running > MAX_RUNNING)
        throw tooMany('operations_per_socket', `${MAX_RUNNING} operations at once`, 'wait for an answer')
      const asked = { ...payload, query: accepted.source }
      const run = (signal: AbortSignal) => {
        const context = { ...operationContext(this.#client, requestId, signal), measured }
        return documents.during(accepted, () => this.#execute(apollo, asked, context))
      }
      return await inOperationSpan(this.#client, accepted, async () => {
        await this.#services.mutationRate.count(this.#client, accepted.document, accepted.operation)
        return withDeadline(this.#services.operationMs, run, this.#gone.signal)
      })
    } catch (error) {
      measured.failed(error)
      return { errors: [toWireError(error, requestId, this.#services.logger)] }
    } finally {
      measured.end()
      this.#running -= 1
    }
  }

  async #execute(
    apollo: ServedGraph['apollo'],
    payload: SubscribePayload,
    context: OperationContext,
  ): Promise<FormattedExecutionResult> {
    const { query, operationName, variables } = payload
    const extensions = wantsCost(payload.extensions) ? { cost: true } : undefined
    const request = {
      query,
      ...(operationName && { operationName }),
      ...(variables && { variables }),
      ...(extensions && { extensions }),
    }
    const { body } = await runningOperation.run(context, () =>
      apollo.executeOperation(request, { contextValue: context }),
    )
    if (body.kind === 'single') return body.singleResult
    throw new Error('Incremental delivery is not served on sockets.')
  }

  #adopt(client: Client): void {
    this.#client = client
    this.#watchViewer()
    this.#services.subscriptions.renew(client, new Set([...this.#streams].map(({ subgraph }) => subgraph)))
  }

  #watchViewer(): void {
    const { viewer } = this.#client
    this.#watch?.stop()
    this.#watch = viewer ? this.#watchOf(viewer) : undefined
  }

  #watchOf(viewer: Viewer): ViewerWatch {
    const { authorization } = this.#client
    const verifyAgain = () => this.#services.identification.verify(authorization)
    return new ViewerWatch(viewer, this.#services, verifyAgain, () => this.#expire())
  }

  /** A subgraph may know of a revocation or an expiry before we do. Of somebody anonymous it says nothing new. */
  #disowned(): void {
    if (this.#client.viewer) this.#expire()
  }

  /** The token has expired or was revoked. */
  #expire(): void {
    if (this.#expired) return
    this.#expired = true
    this.#watch?.stop()
    this.#farewell = setTimeout(this.#close, this.#streams.size === 0 ? 0 : FAREWELL_MS).unref()
    for (const stream of this.#streams) stream.terminate(new UnauthenticatedError())
  }
}

/** What is not verified is new when it differs. */
function isNewer(fresh: Client, known: Client): boolean {
  if (!fresh.viewer || !known.viewer) return fresh.authorization !== known.authorization
  return isNewerToken(fresh.viewer, known.viewer)
}

function tooMany(limit: RefusalReason, what: string, remedy: string): LimitExceededError {
  const message = `A socket carries at most ${what}; ${remedy}, or open another socket.`
  return new LimitExceededError(limit, message)
}
