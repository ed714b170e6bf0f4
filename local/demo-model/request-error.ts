/** The body of every refusal, as OpenAI's API reference gives it under "Error codes". */
interface ErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly code: string
    readonly param: string | null
  }
}

/** A request the server refuses; `status`, `code` and `param` are what a client sees of it. */
export class RequestError extends Error {
  readonly status: number
  readonly code: string
  readonly param: string | null

  constructor(status: number, code: string, message: string, param: string | null = null) {
    super(message)
    this.name = 'RequestError'
    this.status = status
    this.code = code
    this.param = param
  }
}

export function errorBody({ status, code, message, param }: RequestError): ErrorBody {
  return { error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', code, param } }
}
