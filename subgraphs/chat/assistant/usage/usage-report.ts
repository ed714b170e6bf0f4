import type { EntityManager } from '@mikro-orm/postgresql'
import { BadUserInputError } from '../../../../platform/errors.ts'

/** What somebody has used between two days, both included. */
export interface UsageReport extends UsageSum {
  /** By day and model, oldest first. */
  readonly days: (UsageSum & { readonly date: string; readonly model: string })[]
}

interface UsageSum {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly totalTokens: number
  readonly replies: number
}

/** Days as they are counted from 1970-01-01. */
interface Days {
  readonly first: number
  readonly last: number
}

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30
const MOST_DAYS = 366
/** The largest Int of GraphQL (specification §3.5.1); more than that is said to be that much. */
const LARGEST_INT = 2 ** 31 - 1

/**
 * What somebody's replies, titles and summaries have cost.
 *
 * @param userId a UUID.
 * @param period moments; the last 30 days up to `to`, which is `now` unless it is given.
 * @throws BadUserInputError when `to` lies before `from`, or more than 366 days behind it.
 */
export async function readUsage(
  em: EntityManager,
  userId: string,
  period: { from?: Date | null | undefined; to?: Date | null | undefined; now: Date },
): Promise<UsageReport> {
  const { first, last } = daysOf(period)
  const rows = await em.execute<Record<'date' | 'model' | 'inputTokens' | 'outputTokens' | 'replies', string>[]>(
    `SELECT to_char(day, 'YYYY-MM-DD') AS date, model, input_tokens AS "inputTokens", output_tokens AS "outputTokens", replies
     FROM chat.usage_day WHERE user_id = ? AND day BETWEEN date '1970-01-01' + ?::integer AND date '1970-01-01' + ?::integer
     ORDER BY day, model`,
    [userId, first, last],
  )
  const days = rows.map(({ date, model, ...sums }) => ({ date, model, ...sumOf([sums]) }))
  return { ...sumOf(rows), days }
}

function daysOf({ from, to, now }: { from?: Date | null | undefined; to?: Date | null | undefined; now: Date }): Days {
  const last = dayNumberOf(to ?? now)
  const first = from ? dayNumberOf(from) : last - DEFAULT_DAYS + 1
  if (last < first || (from && to && to < from)) throw new BadUserInputError('`to` lies before `from`; swap them.')
  if (last - first > MOST_DAYS) {
    throw new BadUserInputError(`\`to\` lies ${last - first} days behind \`from\`; ask for at most ${MOST_DAYS}.`)
  }
  return { first, last }
}

function dayNumberOf(moment: Date): number {
  return Math.floor(moment.getTime() / DAY_MS)
}

function sumOf(rows: readonly Record<'inputTokens' | 'outputTokens' | 'replies', string | number>[]): UsageSum {
  const sum = (key: 'inputTokens' | 'outputTokens' | 'replies') =>
    rows.reduce((total, row) => total + Number(row[key]), 0)
  const [inputTokens, outputTokens] = [sum('inputTokens'), sum('outputTokens')]
  return {
    inputTokens: asInt(inputTokens),
    outputTokens: asInt(outputTokens),
    totalTokens: asInt(inputTokens + outputTokens),
    replies: asInt(sum('replies')),
  }
}

function asInt(count: number): number {
  return Math.min(count, LARGEST_INT)
}
