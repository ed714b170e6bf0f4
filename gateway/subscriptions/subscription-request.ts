import type { Span } from '@opentelemetry/api'
import type { DocumentNode, OperationDefinitionNode } from 'graphql'
import type { Client } from '../identity/client.ts'

/** A valid subscription of one client. */
export interface SubscriptionRequest {
  /** As it is now: while the subscription lives its client may come with a fresh token. */
  readonly client: () => Client
  readonly requestId: string
  readonly source: string
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly variables: Record<string, unknown>
  /** The span in which it is opened, which ends when its subgraph was asked; absent where nothing is recorded. */
  readonly opening?: Span | undefined
  /** Called when a subgraph ends the subscription because it does not, or no longer, know its client. */
  unauthenticated(): void
  /** Called whenever its subgraph is asked for it. */
  asked?(): void
  /** Called once, when it is open: something came of it, or its subgraph has not refused it within a second. */
  opened?(): void
  /** Called with the error by which the subscription ends, if that is why it does. */
  failed?(error: unknown): void
}
