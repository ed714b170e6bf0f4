import { isAsPromised, type LoadResult, type Progress } from './load.ts'
import { OPERATIONS, type Operation, type Wait } from './measurements.ts'

const QUANTILES = [0.5, 0.9, 0.99] as const
const TITLES: Readonly<Record<Wait, string>> = {
  sendMessage: 'sendMessage',
  markRead: 'markRead',
  messages: 'a page of messages',
  conversations: 'the list of conversations',
  delivery: 'delivery to a follower',
  firstText: 'first text of a reply',
  reply: 'a whole reply',
}

const isOperation = (wait: Wait): wait is Operation => (OPERATIONS as readonly string[]).includes(wait)

/** Milliseconds for people: three significant digits. */
export function inMilliseconds(ms: number | undefined): string {
  if (ms === undefined) return '-'
  return ms < 100 ? ms.toPrecision(3) : String(Math.round(ms))
}

/** One line of how it goes. */
export function describeProgress({ measurements, inFlight }: Progress): string {
  const seconds = (performance.now() - measurements.startedAt) / 1_000
  const { succeeded, failed } = measurements.totals()
  const rate = (count: number) => (count / seconds).toFixed(1)
  const [sends, deliveries] = [measurements.waitsOf('sendMessage'), measurements.waitsOf('delivery')]
  return [
    `${seconds.toFixed(0)} s`,
    `${rate(succeeded)} requests/s`,
    `${rate(sends.count)} messages/s`,
    `${rate(deliveries.count)} deliveries/s`,
    `delivery p50 ${inMilliseconds(deliveries.quantile(0.5))} p99 ${inMilliseconds(deliveries.quantile(0.99))} ms`,
    `${inFlight} under way`,
    `${failed} failed`,
  ].join('  ')
}

/** What came of it all, for people. */
export function summarise(result: LoadResult): string {
  const { measurements, unfinishedReplies, seconds, rooms, followers } = result
  const errors = measurements.errors().map(([code, count]) => `  ${count} × ${code}`)
  return [
    `${seconds.toFixed(1)} s of load; ${rooms} groups, ${followers} streams. Milliseconds, each from when it was due:`,
    '',
    tableOf(rowsOf(result)),
    '',
    ...(errors.length === 0 ? ['No errors.'] : ['Errors:', ...errors]),
    ...(unfinishedReplies === 0 ? [] : [`${unfinishedReplies} replies had not ended half a minute after the load.`]),
    ...judge(result),
  ].join('\n')
}

function judge({ verdict, measurements, isGood }: LoadResult): string[] {
  const { lost, doubled, disordered, contradicted, findings, acknowledged, delivered } = verdict
  const { succeeded, failed } = measurements.totals()
  const promise = isAsPromised(verdict)
    ? `All ${acknowledged} acknowledged messages came to each follower once and in order (${delivered} deliveries).`
    : `NOT AS PROMISED: ${lost} lost, ${doubled} doubled, ${disordered} out of order, ${contradicted} contradicted.`
  return [
    promise,
    ...findings.map((finding) => `  ${finding}`),
    `${failed} of ${succeeded + failed} requests failed.`,
    isGood ? 'PASSED' : 'FAILED: something was lost or told wrong, or more than 1 % of the requests failed.',
  ]
}

function rowsOf({ measurements, seconds }: LoadResult): string[][] {
  const rows = (Object.keys(TITLES) as Wait[]).map((wait) => {
    const waits = measurements.waitsOf(wait)
    return [
      TITLES[wait],
      String(waits.count),
      (waits.count / seconds).toFixed(1),
      isOperation(wait) ? String(measurements.failuresOf(wait)) : '-',
      ...QUANTILES.map((share) => inMilliseconds(waits.quantile(share))),
      inMilliseconds(waits.count === 0 ? undefined : waits.maximum),
    ]
  })
  return [['', 'count', 'a second', 'failed', 'p50', 'p90', 'p99', 'max'], ...rows]
}

function tableOf(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}
