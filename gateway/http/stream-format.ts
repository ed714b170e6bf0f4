import type { GraphQLFormattedError } from 'graphql'

/** How the results of one operation are written into the body of a response. */
export interface StreamFormat {
  readonly contentType: string
  /** What the body begins with, at once: the client sees that its operation was accepted. */
  readonly opening: string
  /** Written while nothing else is, so that nobody on the way takes the connection for dead. */
  readonly heartbeat: string
  /** @param json an execution result. */
  result(json: string): string
  /** After the last result. */
  readonly completion: string
  /** In the completion's place, when the gateway stops: the client is to subscribe again. */
  goingAway(requestId: string): string
  /** The whole response to an operation that does not start. */
  refusal(errors: readonly GraphQLFormattedError[]): StreamRefusal
}

export interface StreamRefusal {
  readonly status: number
  readonly contentType: string
  readonly body: string
}
