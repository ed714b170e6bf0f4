/** Where the graph is served, on every transport. */
export const GRAPHQL_PATH = '/graphql'
