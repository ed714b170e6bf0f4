/** One line of a panel; a point that is not known leaves a gap. */
export interface Series {
  readonly name: string
  /** The CSS class that gives its colour. */
  readonly style: string
  /** At the middle of each interval. */
  readonly points: readonly (number | undefined)[]
}

/** One chart of several over the same time. */
export interface Panel {
  readonly title: string
  readonly unit: string
  readonly scale: 'logarithmic' | 'linear'
  readonly series: readonly Series[]
}

/** Where a panel lies in the picture, in its units, and how long one interval is. */
export interface Frame {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly intervalSeconds: number
}

const TIME_TICKS = 6
const VALUE_TICKS = 5
const LEGEND_GAP = 24
/** About as wide as one character of a legend. */
const CHARACTER = 6.6

/** A panel as SVG elements. */
export function drawPanel(panel: Panel, frame: Frame): string {
  const values = panel.series.flatMap(({ points }) => points.filter((point) => point !== undefined))
  const axis = panel.scale === 'linear' ? linearAxis(values) : logarithmicAxis(values)
  const y = (value: number) => frame.top + frame.height * (1 - axis.place(value))
  const count = Math.max(1, ...panel.series.map(({ points }) => points.length))
  const x = (interval: number) => frame.left + (frame.width * interval) / count
  const bottom = frame.top + frame.height
  return [
    text({ x: frame.left, y: frame.top - 14, style: 'title' }, panel.title),
    legend(panel.series, frame),
    ...axis.ticks.flatMap((tick) => [
      `<line class="grid" x1="${at(frame.left)}" x2="${at(frame.left + frame.width)}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>`,
      text({ x: frame.left - 8, y: y(tick) + 4, style: 'tick end' }, String(tick)),
    ]),
    ...timeTicks(count).map((tick) =>
      text({ x: x(tick), y: bottom + 18, style: 'tick middle' }, String(Math.round(tick * frame.intervalSeconds))),
    ),
    `<line class="axis" x1="${at(frame.left)}" x2="${at(frame.left + frame.width)}" y1="${at(bottom)}" y2="${at(bottom)}"/>`,
    text({ x: frame.left + frame.width / 2, y: bottom + 36, style: 'label middle' }, 'seconds since the load began'),
    `<g transform="translate(${at(frame.left - 52)} ${at(frame.top + frame.height / 2)}) rotate(-90)">${text({ x: 0, y: 0, style: 'label middle' }, panel.unit)}</g>`,
    ...panel.series.map(({ points, style }) => line(points, style, { x, y })),
  ].join('\n')
}

interface Axis {
  readonly ticks: readonly number[]
  /** 0 at the bottom, 1 at the top. */
  place(value: number): number
}

function linearAxis(values: readonly number[]): Axis {
  const highest = Math.max(1, ...values)
  const rough = highest / VALUE_TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10)
  const steps = Math.ceil(highest / step)
  const ticks = Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(6)))
  return { ticks, place: (value) => value / (steps * step) }
}

function logarithmicAxis(values: readonly number[]): Axis {
  const known = values.filter((value) => value > 0)
  const lowest = Math.floor(Math.log10(Math.min(1, ...known)))
  const highest = Math.max(lowest + 1, Math.ceil(Math.log10(Math.max(10, ...known))))
  const ticks = Array.from({ length: highest - lowest + 1 }, (_, index) =>
    Number((10 ** (lowest + index)).toPrecision(3)),
  )
  const place = (value: number) => (Math.log10(Math.max(value, 10 ** lowest)) - lowest) / (highest - lowest)
  return { ticks, place }
}

/** Evenly spaced, at whole intervals. */
function timeTicks(count: number): number[] {
  const step = Math.max(1, Math.ceil(count / TIME_TICKS))
  return Array.from({ length: Math.floor(count / step) + 1 }, (_, index) => index * step)
}

function line(
  points: Series['points'],
  style: string,
  { x, y }: { x: (interval: number) => number; y: (value: number) => number },
): string {
  const commands = points.flatMap((point, index) => {
    if (point === undefined) return []
    const isFirst = points[index - 1] === undefined
    // A point between two gaps is a dot: a line of no length with round ends.
    return `${isFirst ? 'M' : 'L'}${at(x(index + 0.5))} ${at(y(point))}${isFirst ? 'h0' : ''}`
  })
  return commands.length === 0 ? '' : `<path class="line ${style}" d="${commands.join('')}"/>`
}

/** At the right of the title's line. */
function legend(series: readonly Series[], { left, width, top }: Frame): string {
  let end = left + width
  const entries = series.toReversed().map(({ name, style }) => {
    const start = end - name.length * CHARACTER
    end = start - LEGEND_GAP - 18
    return [
      `<line class="line ${style}" x1="${at(start - 22)}" x2="${at(start - 6)}" y1="${at(top - 18)}" y2="${at(top - 18)}"/>`,
      text({ x: start, y: top - 14, style: 'label' }, name),
    ].join('')
  })
  return entries.toReversed().join('\n')
}

/** A line of text as an SVG element. */
export function text({ x, y, style }: { x: number; y: number; style: string }, words: string): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<text class="${style}" x="${at(x)}" y="${at(y)}">${escaped}</text>`
}

const at = (value: number) => String(Math.round(value * 10) / 10)
