import type { ApolloServerPlugin } from '@apollo/server'
import type { OperationContext } from './operation-context.ts'

/**
 * Says of whole answers to queries, without errors, how long they may be kept, as far as every subgraph that was asked has
 * said so; of all others it says nothing.
 */
export const cacheReport: ApolloServerPlugin<OperationContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ operation, contextValue, response: { body, http } }) => {
      if (operation?.operation !== 'query' || body.kind !== 'single' || body.singleResult.errors) return
      const header = contextValue.caching.header(contextValue.forwarded.authorization === undefined)
      if (header === undefined) return
      http.headers.set('cache-control', header)
      // What is public is so for who is not signed in, and its form is what was asked for.
      http.headers.set('vary', 'authorization, accept')
    },
  }),
}
