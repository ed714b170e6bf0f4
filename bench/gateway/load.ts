/**
 * Asks one gateway the benchmark's query, so many at a time, and says how many whole answers came back. An answer counts
 * when it is as long as the first one, whose text is told to who asks for it.
 */
import { Pool } from 'undici'
import { QUERY } from './graph.ts'
import { inTime } from './in-time.ts'

/** What this process is asked: for one answer's text, or for load. */
export type LoadQuestion =
  | { readonly kind: 'answer'; readonly url: string }
  | { readonly kind: 'load'; readonly url: string; readonly concurrency: number; readonly ms: number }

/** The text of an answer; undefined when it was not one. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** How many requests were answered in how many milliseconds; those in flight at the end are waited for and count. */
export interface LoadReport {
  readonly requests: number
  readonly ms: number
}

const HEADERS = { 'content-type': 'application/json', accept: 'application/json' }
const BODY = JSON.stringify({ query: QUERY })
/** For one answer. */
const ANSWER_MS = 60_000

process.on('disconnect', () => process.exit(0))
process.on('message', async (question: LoadQuestion) => {
  const pool = new Pool(new URL(question.url).origin, {
    connections: question.kind === 'load' ? question.concurrency : 1,
    connectTimeout: ANSWER_MS,
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  })
  const path = new URL(question.url).pathname
  try {
    const asked = question.kind === 'answer' ? ask(pool, path) : load(pool, path, question)
    const patience = ANSWER_MS + (question.kind === 'load' ? question.ms : 0)
    process.send?.(await inTime<Answer | LoadReport>(asked, patience, `answers of ${question.url}`))
  } catch (error) {
    process.send?.({ status: 0, text: String(error) } satisfies Answer)
  } finally {
    await pool.destroy()
  }
})

async function ask(pool: Pool, path: string): Promise<Answer> {
  const { statusCode, body } = await pool.request({ path, method: 'POST', headers: HEADERS, body: BODY })
  return { status: statusCode, text: await body.text() }
}

async function load(pool: Pool, path: string, { concurrency, ms }: { concurrency: number; ms: number }) {
  const { text } = await ask(pool, path)
  const bytes = Buffer.byteLength(text)
  const startedAt = performance.now()
  let requests = 0
  const client = async () => {
    while (performance.now() - startedAt < ms) {
      const received = await receive(pool, path)
      if (received !== bytes) throw new Error(`An answer had ${received} bytes instead of ${bytes}.`)
      requests += 1
    }
  }
  await Promise.all(Array.from({ length: concurrency }, client))
  return { requests, ms: performance.now() - startedAt } satisfies LoadReport
}

/** Counts the bytes of an answer and lets go of them: this process shares its core with the subgraphs. */
function receive(pool: Pool, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    pool.dispatch(
      { path, method: 'POST', headers: HEADERS, body: BODY },
      {
        onRequestStart() {},
        onResponseStart(_, statusCode) {
          if (statusCode !== 200) reject(new Error(`The answer's status was ${statusCode}.`))
        },
        onResponseData(_, chunk) {
          bytes += chunk.length
        },
        onResponseEnd: () => resolve(bytes),
        onResponseError: (_, error) => reject(error),
      },
    )
  })
}
