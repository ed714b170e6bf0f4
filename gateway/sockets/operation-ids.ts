import { parseQuietly } from '../../platform/parse-quietly.ts'

/** What begins a message to a client about one of its operations, as graphql-ws writes it: the id first. */
const ABOUT_OPERATION = /^\{"id":"(\d+):((?:[^"\\]|\\.)*)","type":"(\w+)"/

/** Of a client's id, in bytes: every frame about its operation repeats it. */
const MAX_ID_BYTES = 256

/**
 * A message of a client, as graphql-ws is to have it; or that the id which it gives to an operation is too long, or the
 * id itself when another operation has it.
 */
type Renamed = { readonly message: string | object } | { readonly takenId: string } | { readonly isIdTooLong: true }

/**
 * Names the operations of one socket by ids of our own: a number before the client's id. The protocol lets a client use
 * an id again as soon as it has completed the operation, and graphql-ws, which goes by ids alone, would take the end of
 * the old operation for the end of the new one.
 */
export class OperationIds {
  /** Of the operations that have not ended, by the client's ids. */
  readonly #numbers = new Map<string, number>()
  #last = 0

  /** What a client says, with our id in the place of its own; parsed, because what is nested deep cannot be written again. */
  fromClient(message: string): Renamed {
    const { type, id, ...rest } = contentOf(message)
    if (typeof id !== 'string' || id === '') return { message }
    if (type === 'subscribe') {
      if (Buffer.byteLength(id) > MAX_ID_BYTES) return { isIdTooLong: true }
      if (this.#numbers.has(id)) return { takenId: id }
      this.#last += 1
      this.#numbers.set(id, this.#last)
    } else if (type !== 'complete') return { message }
    // There is no operation of the number 0.
    const ours = `${this.#numbers.get(id) ?? 0}:${id}`
    if (type === 'complete') this.#numbers.delete(id)
    return { message: { type, id: ours, ...withDocument(rest) } }
  }

  /** What graphql-ws says, with the client's id in the place of ours. */
  toClient(message: string): string {
    const [head, number, id, type] = ABOUT_OPERATION.exec(message) ?? []
    if (head === undefined) return message
    if (type !== 'next') this.#forget(JSON.parse(`"${id}"`), Number(number))
    return `{"id":"${id}","type":"${type}"${message.slice(head.length)}`
  }

  #forget(id: string, number: number): void {
    if (this.#numbers.get(id) === number) this.#numbers.delete(id)
  }
}

/** A client may name its document by its hash alone; graphql-ws takes no operation without a document. */
function withDocument(content: Record<string, unknown>): Record<string, unknown> {
  const payload = Object(content.payload) as { query?: unknown; extensions?: { persistedQuery?: unknown } | null }
  if (payload.query !== undefined || !payload.extensions?.persistedQuery) return content
  return { ...content, payload: { ...payload, query: '' } }
}

/** The client's own id, of one of ours. */
export function clientsId(id: string): string {
  return id.slice(id.indexOf(':') + 1)
}

/** Nothing when it is not what the protocol knows, which graphql-ws will say. */
function contentOf(message: string): Record<string, unknown> {
  return Object(parseQuietly(message))
}
