/** The data source of all panels: what the reader chooses, and Compose's own from the start. */
export const DATA_SOURCE = { type: 'prometheus', uid: '$' + '{datasource}' } as const

/** The dashboards' grid is so many columns wide. */
const COLUMNS = 24

/** One line of a panel. */
export interface Query {
  /** PromQL, in which `$job`, `$instance`, `$__rate_interval` and `$__range` stand for what the reader chose. */
  readonly expr: string
  /** What the line is called; `{{label}}` is the label's value. */
  readonly legend: string
}

/** From which value on a number is worth a look, and worth being alarmed. */
export interface Limits {
  readonly warning: number
  readonly critical: number
  /** Bad is what lies below: `critical` is then the lower one. */
  readonly lowIsBad?: boolean
}

/** What a panel says, without how Grafana writes it down. */
export interface Panel {
  readonly title: string
  /** What it tells, and what a bad value means. */
  readonly description: string
  readonly kind?: 'lines' | 'stacked' | 'number' | 'table' | 'heatmap'
  /** One of Grafana's units, such as `s`, `ops` or `percentunit`. */
  readonly unit: string
  /** How many digits after the point; as many as are needed unless said. */
  readonly decimals?: number
  readonly queries: readonly Query[]
  readonly limits?: Limits
  /** The names of numbers that are states, such as 1 for connected. */
  readonly states?: Readonly<Record<number, string>>
  /** Of 24 columns; 8 unless said. */
  readonly width?: number
}

/** A part of a dashboard, with a heading. */
export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

const HEIGHT_OF_NUMBERS = 4
const HEIGHT_OF_CHARTS = 8

/** Places the rows' panels from left to right and from top to bottom, as Grafana's JSON. */
export function panelsOf(rows: readonly Row[]): object[] {
  const placed: object[] = []
  let y = 0
  for (const { title, panels } of rows) {
    placed.push(heading(title, { h: 1, w: COLUMNS, x: 0, y }, placed.length + 1))
    y += 1
    let [x, height] = [0, 0]
    for (const panel of panels) {
      const w = panel.width ?? 8
      if (x + w > COLUMNS) [x, y, height] = [0, y + height, 0]
      const h = panel.kind === 'number' ? HEIGHT_OF_NUMBERS : HEIGHT_OF_CHARTS
      placed.push(grafanaPanel(panel, { h, w, x, y }, placed.length + 1))
      ;[x, height] = [x + w, Math.max(height, h)]
    }
    y += height
  }
  return placed
}

interface Place {
  readonly h: number
  readonly w: number
  readonly x: number
  readonly y: number
}

function heading(title: string, gridPos: Place, id: number): object {
  return { id, type: 'row', title, collapsed: false, gridPos, panels: [] }
}

const TYPES = {
  lines: 'timeseries',
  stacked: 'timeseries',
  number: 'stat',
  table: 'table',
  heatmap: 'heatmap',
} as const

function grafanaPanel(panel: Panel, gridPos: Place, id: number): object {
  const kind = panel.kind ?? 'lines'
  return {
    id,
    type: TYPES[kind],
    title: panel.title,
    description: panel.description,
    datasource: DATA_SOURCE,
    gridPos,
    fieldConfig: { defaults: { unit: panel.unit, ...look(panel), custom: custom(panel) }, overrides: [] },
    options: optionsOf(kind, panel.unit),
    targets: panel.queries.map((query, index) => target(query, kind, index)),
    ...(kind === 'table' && { transformations: [{ id: 'organize', options: { excludeByName: { Time: true } } }] }),
  }
}

function look({ limits, states, kind, decimals }: Panel): object {
  const mappings = Object.entries(states ?? {}).map(([value, text]) => [value, { text, index: Number(value) }])
  return {
    color: { mode: kind === 'number' ? 'thresholds' : 'palette-classic' },
    thresholds: { mode: 'absolute', steps: steps(limits) },
    ...(decimals !== undefined && { decimals }),
    mappings: mappings.length === 0 ? [] : [{ type: 'value', options: Object.fromEntries(mappings) }],
  }
}

function steps(limits: Limits | undefined): object[] {
  if (!limits) return [{ color: 'green', value: null }]
  const { warning, critical, lowIsBad = false } = limits
  const colors = [
    { color: 'green', value: null },
    { color: 'orange', value: warning },
    { color: 'red', value: critical },
  ]
  if (!lowIsBad) return colors
  return [
    { color: 'red', value: null },
    { color: 'orange', value: critical },
    { color: 'green', value: warning },
  ]
}

function custom({ kind = 'lines', limits }: Panel): object {
  if (kind !== 'lines' && kind !== 'stacked') return {}
  return {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: kind === 'stacked' ? 30 : 8,
    showPoints: 'never',
    spanNulls: false,
    axisSoftMin: 0,
    stacking: { mode: kind === 'stacked' ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: limits ? 'dashed' : 'off' },
  }
}

function optionsOf(kind: NonNullable<Panel['kind']>, unit: string): object {
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false }
  switch (kind) {
    case 'number':
      return {
        ...{ reduceOptions, colorMode: 'value', graphMode: 'area', textMode: 'auto', justifyMode: 'auto' },
        ...{ orientation: 'auto', wideLayout: true, showPercentChange: false },
      }
    case 'table':
      return { showHeader: true, cellHeight: 'sm' }
    case 'heatmap':
      return {
        calculate: false,
        color: {
          ...{ mode: 'scheme', scheme: 'Spectral', reverse: true, steps: 64, fill: 'dark-orange' },
          ...{ scale: 'exponential', exponent: 0.5 },
        },
        exemplars: { color: 'rgba(255,0,255,0.7)' },
        showValue: 'never',
        yAxis: { axisPlacement: 'left', unit },
        tooltip: { mode: 'single', yHistogram: true },
        legend: { show: true },
        cellGap: 1,
      }
    default:
      return {
        legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['mean', 'max', 'lastNotNull'] },
        tooltip: { mode: 'multi', sort: 'desc' },
      }
  }
}

function target({ expr, legend }: Query, kind: NonNullable<Panel['kind']>, index: number): object {
  const isTable = kind === 'table'
  return {
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource: DATA_SOURCE,
    editorMode: 'code',
    expr,
    legendFormat: legend,
    format: isTable ? 'table' : kind === 'heatmap' ? 'heatmap' : 'time_series',
    instant: isTable,
    range: !isTable,
  }
}
