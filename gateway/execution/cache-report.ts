import type { ApolloServerPlugin } from '@apollo/server'
import type { FormattedExecutionResult } from 'graphql'
import type { OperationContext } from './operation-context.ts'

/**
 * Says of whole answers to queries, without errors, how long they may be kept, as far as every subgraph that was asked has
 * said so; of all others it says nothing.
 */
export const cacheReport: ApolloServerPlugin<OperationContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ operation, contextValue, response: { body, http } }) => {
      if (operation?.operation !== 'query' || body.kind !== 'single' || hasFaults(body.singleResult)) return
      const header = contextValue.caching?.header(contextValue.forwarded.authorization === undefined)
      if (header === undefined) return
      http.headers.set('cache-control', header)
      // What is public is so for who is not signed in, and its form is what was asked for.
      http.headers.set('vary', 'authorization, accept')
    },
  }),
}

/** Also such as are told beside the data, of values that had to be made null. */
function hasFaults({ errors, extensions }: FormattedExecutionResult): boolean {
  return errors !== undefined || extensions?.valueCompletion !== undefined
}
