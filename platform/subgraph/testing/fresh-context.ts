import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from 'graphql'
import { asGraphQLError } from '../../graphql-errors.ts'

interface SubscriptionArgs extends ExecutionArgs {
  /** Makes a new context. */
  contextValue: () => unknown
}

/** A subscription's results without a server; with a new context for the source stream and for every event, as there. */
export async function subscribeWithFreshContext({
  contextValue: createContext,
  ...args
}: SubscriptionArgs): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream({ ...args, contextValue: createContext() })
  if (!(Symbol.asyncIterator in source)) return source
  const events = source[Symbol.asyncIterator]()
  let hasFailed = false
  const results: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      if (hasFailed) return { done: true, value: undefined }
      try {
        const { done, value } = await events.next()
        if (done) return { done, value: undefined }
        return { done: false, value: await execute({ ...args, rootValue: value, contextValue: createContext() }) }
      } catch (error) {
        hasFailed = true
        return { done: false, value: { errors: [asGraphQLError(error)] } }
      }
    },
    async return() {
      await events.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return results
    },
  }
  return results
}
