/** What a query is about: how it is broken down, and which series it leaves out. */
export interface Selection {
  /** Labels, each combination of which is a line of its own; without them there is one line. */
  readonly by?: readonly string[]
  /** Matchers such as `code!="OK"`. */
  readonly where?: string
}

/** The series of a metric in the processes that the reader chose. */
export function series(metric: string, where?: string): string {
  return `${metric}{${['job=~"$job"', 'instance=~"$instance"', ...(where ? [where] : [])].join(',')}}`
}

/** How much a counter grows per second, over all processes. */
export function perSecond(metric: string, { by = [], where }: Selection = {}): string {
  return `sum${grouping(by)}(rate(${series(metric, where)}[$__rate_interval]))`
}

/** How much a counter has grown in the time that the dashboard shows. */
export function inRange(metric: string, { by = [], where }: Selection = {}): string {
  return `sum${grouping(by)}(increase(${series(metric, where)}[$__range]))`
}

/** Below which value the given share of a histogram's observations lay. */
export function quantile(share: number, metric: string, { by = [], where }: Selection = {}): string {
  return `histogram_quantile(${share}, ${perSecond(`${metric}_bucket`, { by: [...by, 'le'], ...(where && { where }) })})`
}

/** A gauge, added up over the processes. */
export function total(metric: string, { by = [], where }: Selection = {}): string {
  return `sum${grouping(by)}(${series(metric, where)})`
}

/** The largest of a gauge's values. */
export function largest(metric: string, { by = [], where }: Selection = {}): string {
  return `max${grouping(by)}(${series(metric, where)})`
}

/** Which share of a counter's growth has these labels; 0 where nothing of the kind has happened yet. */
export function share(metric: string, part: string, by: readonly string[] = []): string {
  const whole = perSecond(metric, { by })
  const none = by.length === 0 ? 'vector(0)' : `0 * ${whole}`
  return `(${perSecond(metric, { by, where: part })} or ${none}) / ${whole}`
}

/** The few largest lines. */
export function top(count: number, query: string): string {
  return `topk(${count}, ${query})`
}

function grouping(by: readonly string[]): string {
  return by.length === 0 ? '' : ` by (${by.join(', ')}) `
}
