import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from 'graphql'
import { asGraphQLError } from '../graphql-errors.ts'

/**
 * GraphQL's subscribe (specification §6.2.3), with a new context for the source stream and for every event:
 * `contextValue` is a function that makes one. A shared context would keep one loader cache, and so stale data, for
 * as long as the stream lives.
 */
export async function subscribeWithFreshContext(
  args: ExecutionArgs,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const createContext = args.contextValue as () => unknown
  const source = await createSourceEventStream({ ...args, contextValue: createContext() })
  if (!(Symbol.asyncIterator in source)) return source
  return resolveEach(source[Symbol.asyncIterator](), (event) =>
    execute({ ...args, rootValue: event, contextValue: createContext() }),
  )
}

/** Written by hand: an async generator would hold back return() until the next event, and leak the source. */
function resolveEach(
  events: AsyncIterator<unknown>,
  resolve: (event: unknown) => ExecutionResult | Promise<ExecutionResult>,
): AsyncIterableIterator<ExecutionResult> {
  let ended = false
  return {
    async next() {
      if (ended) return { done: true, value: undefined }
      try {
        const { done, value } = await events.next()
        ended = done === true
        return done ? { done, value: undefined } : { done: false, value: await resolve(value) }
      } catch (error) {
        // graphql-ws would close the whole socket on a throw, and with it the streams of everybody else.
        ended = true
        await events.return?.()
        return { done: false, value: { errors: [asGraphQLError(error)] } }
      }
    },
    async return() {
      ended = true
      await events.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
