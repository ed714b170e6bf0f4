import { SpanKind } from '@opentelemetry/api'
import type { Pool, PoolClient } from 'pg'
import type { Histogram } from 'prom-client'
import { histogram, type Metrics } from './metrics.ts'
import { endFailed, startSpan } from './tracing/spans.ts'

/** Of statements, which mostly take less than a millisecond and never more than ten seconds; in seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Where a statement is looked at for what it does: all of ours have said it by then. */
const READ_CHARACTERS = 2_048

/** What is told of the statements of one pool. */
interface Telling {
  /** The name of the Postgres schema. */
  readonly schema: string
  readonly durations: Histogram.Internal<'result'> | undefined
  readonly failures: Histogram.Internal<'result'> | undefined
}

/**
 * Measures every statement of a pool, and makes a span of it where one is recorded. Spans hold no statement: MikroORM writes
 * values into its text. They say what is done to which table.
 */
export function instrumentPool(
  pool: Pool,
  { schema, metrics }: { schema: string; metrics?: Metrics | undefined },
): void {
  const durations =
    metrics &&
    histogram(metrics, {
      name: 'parley_database_statement_duration_seconds',
      help: 'How long SQL statements took, without the wait for a connection, in seconds.',
      labels: ['result'],
      buckets: BUCKETS,
    })
  const telling = { schema, durations: durations?.labels('ok'), failures: durations?.labels('error') }
  pool.on('connect', (client) => instrumentClient(client, telling))
}

type Query = (this: void, ...call: readonly unknown[]) => unknown

/** `pg` hands out one object for each connection, whose `query` is replaced. */
function instrumentClient(client: PoolClient, telling: Telling): void {
  const query = client.query.bind(client) as Query
  const told: Query = (...call) => tellOf(telling, call[0], () => query(...call))
  Object.assign(client, { query: told })
}

function tellOf({ schema, durations, failures }: Telling, statement: unknown, run: () => unknown): unknown {
  const beganAt = performance.now()
  const span = startSpan(() => describe(statement, schema))
  const running = run()
  // A cursor is read later, piece by piece; none of ours is.
  if (!(running instanceof Promise)) {
    span?.end()
    return running
  }
  return running.then(
    (result: unknown) => {
      durations?.observe((performance.now() - beganAt) / 1_000)
      span?.end()
      return result
    },
    (error: unknown) => {
      failures?.observe((performance.now() - beganAt) / 1_000)
      if (span) endFailed(span, error)
      throw error
    },
  )
}

function describe(statement: unknown, schema: string) {
  const { operation, table } = summaryOf(statement)
  const name = table === undefined ? operation : `${operation} ${table}`
  return {
    part: 'database',
    name,
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': schema,
      'db.operation.name': operation,
      'db.query.summary': name,
      ...(table !== undefined && { 'db.collection.name': table }),
    },
  } as const
}

/**
 * What a statement does, and to which table first. Read up to its first literal, behind which anything may have been written
 * by anybody.
 */
export function summaryOf(statement: unknown): { readonly operation: string; readonly table: string | undefined } {
  if (typeof statement !== 'string') return { operation: 'OTHER', table: undefined }
  const [head = ''] = statement.slice(0, READ_CHARACTERS).split("'", 1)
  const [, word = ''] = /^\s*([a-z]+)/i.exec(head) ?? []
  const operation = OPERATIONS.has(word.toUpperCase()) ? word.toUpperCase() : 'OTHER'
  return { operation, table: TABLE.exec(head)?.[1]?.replaceAll('"', '') }
}

const OPERATIONS: ReadonlySet<string> = new Set([
  ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'WITH', 'BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT', 'RELEASE', 'SET'],
])

/** A name with its schema: so are all tables of ours written, and no column after `FROM`. */
const TABLE = /\b(?:from|into|update|join)\s+(?:only\s+)?("?[a-z_]{1,63}"?\."?[a-z_]{1,63}"?)/i
