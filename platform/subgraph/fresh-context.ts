import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from 'graphql'
import { asGraphQLError } from '../graphql-errors.ts'

/** What graphql's subscribe takes, and a little more. */
export interface StreamArgs extends ExecutionArgs {
  /** Makes a new context. */
  contextValue: () => unknown
  /** Called when the source stream has opened; what it returns is called once, when the stream has ended. */
  onOpen?: () => () => void
}

/**
 * GraphQL's subscribe (specification §6.2.3), with a new context for the source stream and for every event:
 * `contextValue` is a function that makes one. A shared context would keep one loader cache, and so stale data, for
 * as long as the stream lives.
 */
export async function subscribeWithFreshContext(
  args: StreamArgs,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const { contextValue: createContext, onOpen } = args
  const source = await createSourceEventStream({ ...args, contextValue: createContext() })
  if (!(Symbol.asyncIterator in source)) return source
  return resolveEach(
    source[Symbol.asyncIterator](),
    (event) => execute({ ...args, rootValue: event, contextValue: createContext() }),
    onOpen?.(),
  )
}

/** Written by hand: an async generator would hold back return() until the next event, and leak the source. */
function resolveEach(
  events: AsyncIterator<unknown>,
  resolve: (event: unknown) => ExecutionResult | Promise<ExecutionResult>,
  onEnd: (() => void) | undefined,
): AsyncIterableIterator<ExecutionResult> {
  let ended = false
  const end = () => {
    if (!ended) onEnd?.()
    ended = true
  }
  return {
    async next() {
      if (ended) return { done: true, value: undefined }
      try {
        const { done, value } = await events.next()
        if (done) end()
        return done ? { done, value: undefined } : { done: false, value: await resolve(value) }
      } catch (error) {
        // graphql-ws would close the whole socket on a throw, and with it the streams of everybody else.
        end()
        await events.return?.()
        return { done: false, value: { errors: [asGraphQLError(error)] } }
      }
    },
    async return() {
      end()
      await events.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
