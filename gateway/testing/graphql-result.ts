/** A GraphQL response as clients see it. What its data must be, a test says by asserting it. */
export interface GraphqlResult {
  readonly data?: unknown
  readonly errors?: readonly {
    readonly message: string
    readonly path?: readonly (string | number)[]
    readonly extensions: { readonly code: string; readonly requestId: string }
  }[]
}
