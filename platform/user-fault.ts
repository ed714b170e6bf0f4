/**
 * Something the person at the form can put right. Services throw it; a mutation answers with it in `userErrors`
 * instead of in the top-level errors.
 *
 * `path` leads to the input field at fault, from the mutation's arguments down: `['input', 'email']`.
 */
export class UserFault<Code extends string = string> extends Error {
  override readonly name = 'UserFault'
  readonly code: Code
  readonly path: readonly string[]

  constructor(code: Code, message: string, path: readonly string[]) {
    super(message)
    this.code = code
    this.path = path
  }
}

/** What a mutation's payload carries beside the changed objects. */
export interface UserError<Code extends string> {
  code: Code
  message: string
  path: string[]
}

/**
 * Runs a mutation's work and shapes its payload: the result with no user errors, or `empty` with the one user error
 * the work threw. Every other error goes on to the top level.
 */
export async function withUserErrors<Result extends object, Empty extends object, Code extends string>(
  empty: Empty,
  work: () => Promise<Result>,
): Promise<(Result | Empty) & { userErrors: UserError<Code>[] }> {
  try {
    return { ...(await work()), userErrors: [] }
  } catch (error) {
    if (!(error instanceof UserFault)) throw error
    return { ...empty, userErrors: [{ code: error.code as Code, message: error.message, path: [...error.path] }] }
  }
}
