/**
 * What a client proves itself with in `connection_init` or a `ping`: `{ authorization }`. Explorers send the headers that were typed
 * into them, in any case, at the top (Apollo Sandbox, GraphiQL) or under `headers`.
 */
export function authorizationIn(params: unknown): unknown {
  return fieldOf(params, 'authorization') ?? fieldOf(fieldOf(params, 'headers'), 'authorization')
}

function fieldOf(record: unknown, wanted: string): unknown {
  if (typeof record !== 'object' || record === null) return undefined
  return Object.entries(record).find(([name]) => name.toLowerCase() === wanted)?.[1]
}
