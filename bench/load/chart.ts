import { drawPanel, type Panel, text } from './chart-panel.ts'
import type { Histogram } from './histogram.ts'
import type { LoadResult } from './load.ts'
import type { Interval } from './measurements.ts'

const WIDTH = 960
const MARGIN = { left: 88, right: 32, top: 112 }
const PANEL_HEIGHT = 180
const PANEL_EVERY = 290

const STYLE = `
  svg { --paper: #ffffff; --ink: #1c2024; --faint: #5b646e; --rule: #dfe3e8; --low: #4f9bd9; --mid: #8a5cc2; --high: #c8443a; --more: #2f8f5b }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #15181c; --ink: #eceff2; --faint: #a3acb6; --rule: #2f353c; --low: #6db3ec; --mid: #b591e6; --high: #f0776d; --more: #5cc48b }
  }
  .paper { fill: var(--paper) }
  text { font: 12px system-ui, sans-serif; fill: var(--faint) }
  .title { font-size: 14px; font-weight: 600; fill: var(--ink) }
  .heading { font-size: 18px; font-weight: 600; fill: var(--ink) }
  .middle { text-anchor: middle }
  .end { text-anchor: end }
  .grid { stroke: var(--rule) }
  .axis { stroke: var(--faint) }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
  .low { stroke: var(--low) } .mid { stroke: var(--mid) } .high { stroke: var(--high) } .more { stroke: var(--more) }`

const QUANTILES = [
  { name: 'p50', share: 0.5, style: 'low' },
  { name: 'p90', share: 0.9, style: 'mid' },
  { name: 'p99', share: 0.99, style: 'high' },
] as const

/** The run over time as an SVG document that follows its reader's light or dark colours. */
export function drawChart(result: LoadResult): string {
  const panels = panelsOf(result)
  const height = MARGIN.top + panels.length * PANEL_EVERY - (PANEL_EVERY - PANEL_HEIGHT) + 56
  const intervalSeconds = result.measurements.intervalMs / 1_000
  const drawn = panels.map((panel, index) =>
    drawPanel(panel, {
      left: MARGIN.left,
      top: MARGIN.top + index * PANEL_EVERY,
      width: WIDTH - MARGIN.left - MARGIN.right,
      height: PANEL_HEIGHT,
      intervalSeconds,
    }),
  )
  const { verdict, followers } = result
  const subtitle =
    `${result.seconds.toFixed(0)} s, ${followers} streams, ${verdict.delivered} deliveries, ${verdict.lost} lost, ` +
    `${verdict.doubled} doubled; a point for every ${intervalSeconds} s`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="name">
<title id="name">Latency and throughput of a run of load</title>
<style>${STYLE}
</style>
<rect class="paper" width="100%" height="100%"/>
${text({ x: MARGIN.left, y: 36, style: 'heading' }, 'Parley under load')}
${text({ x: MARGIN.left, y: 58, style: 'label' }, subtitle)}
${drawn.join('\n')}
</svg>
`
}

function panelsOf({ measurements: { intervals, intervalMs }, seconds }: LoadResult): Panel[] {
  // The last one may be cut short by the end of the load, and what comes after belongs to no interval of it.
  const whole = intervals.slice(0, Math.max(1, Math.floor((seconds * 1_000) / intervalMs + 0.02)))
  const perSecond = (count: (interval: Interval) => number) => whole.map((one) => (count(one) * 1_000) / intervalMs)
  const latencies = (title: string, waits: (interval: Interval) => Histogram): Panel => ({
    title,
    unit: 'milliseconds (log)',
    scale: 'logarithmic',
    series: QUANTILES.map(({ name, share, style }) => ({
      ...{ name, style },
      points: whole.map((interval) => waits(interval).quantile(share)),
    })),
  })
  return [
    latencies('Requests: from when each was due to its answer', ({ operations }) => operations),
    latencies('Delivery: from when a message was due to each follower', ({ deliveries }) => deliveries),
    {
      title: 'Throughput',
      unit: 'per second',
      scale: 'linear',
      series: [
        { name: 'requests', style: 'low', points: perSecond(({ operations }) => operations.count) },
        { name: 'deliveries', style: 'more', points: perSecond(({ deliveries }) => deliveries.count) },
        { name: 'failed requests', style: 'high', points: perSecond(({ failures }) => failures) },
      ],
    },
  ]
}
