import { BadUserInputError } from './errors.ts'

/** The arguments of a Relay connection (GraphQL Cursor Connections Specification, §4). */
export interface ConnectionArguments {
  first?: number | null | undefined
  after?: string | null | undefined
  last?: number | null | undefined
  before?: string | null | undefined
}

/** A page to read: `size` rows strictly beyond `cursor`, forward or backward. */
export interface PageRequest {
  readonly size: number
  readonly direction: 'forward' | 'backward'
  readonly cursor: string | undefined
}

const DEFAULT_PAGE_SIZE = 50
const LARGEST_PAGE_SIZE = 100

/**
 * Checks a connection's arguments: 1 to 100 rows, the first 50 when none is given, one direction at a time.
 *
 * @throws BadUserInputError naming the argument at fault.
 */
export function readPageRequest(args: ConnectionArguments): PageRequest {
  const forward = args.first != null || args.after != null
  const backward = args.last != null || args.before != null
  if (forward && backward) throw new BadUserInputError('Give first and after, or last and before, not both directions.')
  const [name, size] = backward ? ['last', args.last] : ['first', args.first]
  if (size != null && (size < 1 || size > LARGEST_PAGE_SIZE)) {
    throw new BadUserInputError(`${name} must be from 1 to ${LARGEST_PAGE_SIZE}; it was ${size}.`)
  }
  return {
    size: size ?? DEFAULT_PAGE_SIZE,
    direction: backward ? 'backward' : 'forward',
    cursor: (backward ? args.before : args.after) ?? undefined,
  }
}

export interface Connection<Node> {
  edges: { cursor: string; node: Node }[]
  nodes: Node[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

/**
 * Shapes a connection out of the rows that were read in the page's direction, one more than its size where there was
 * one: that one tells whether the list goes on. Rows come out in the list's own order.
 */
export function toConnection<Node>(
  page: PageRequest,
  rows: Node[],
  cursorOf: (node: Node) => string,
): Connection<Node> {
  const goesOn = rows.length > page.size
  const kept = rows.slice(0, page.size)
  const nodes = page.direction === 'forward' ? kept : kept.reverse()
  const edges = nodes.map((node) => ({ cursor: cursorOf(node), node }))
  const comesFromInside = page.cursor !== undefined
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: page.direction === 'forward' ? goesOn : comesFromInside,
      hasPreviousPage: page.direction === 'forward' ? comesFromInside : goesOn,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** An opaque cursor over a small JSON value. */
export function encodeCursor(kind: string, value: unknown): string {
  return Buffer.from(JSON.stringify([kind, value])).toString('base64url')
}

/**
 * The value inside a cursor of this kind, checked by `isValid`.
 *
 * @throws BadUserInputError when it is not one of ours.
 */
export function decodeCursor<Value>(kind: string, cursor: string, isValid: (value: unknown) => value is Value): Value {
  try {
    const [actualKind, value]: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    // Lenient base64 would let two spellings be one cursor.
    if (actualKind === kind && isValid(value) && encodeCursor(kind, value) === cursor) return value
  } catch {}
  throw new BadUserInputError('The cursor is not one this list gave out; start again without it.')
}
