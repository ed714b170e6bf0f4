import type { Metrics } from '../metrics.ts'

/** The series of one metric: their values by their labels as Prometheus writes them, `''` without labels. */
export type Series = Readonly<Record<string, number>>

/** Asks a process for its metrics, as Prometheus does, and returns the series of a metric by its name. */
export async function scrape(url: string): Promise<(name: string) => Series> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return (name) => seriesIn(text, name)
}

/** The series of one metric of a process. */
export async function scrapeOne(url: string, name: string): Promise<Series> {
  return (await scrape(url))(name)
}

/** The series of one metric that no server tells. */
export async function readOne(metrics: Metrics, name: string): Promise<Series> {
  return seriesIn(await metrics.metrics(), name)
}

function seriesIn(text: string, name: string): Series {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  return Object.fromEntries(lines.map(readLine))
}

function readLine(line: string): [labels: string, value: number] {
  const end = line.lastIndexOf(' ')
  const labels = /\{(.*)\}$/.exec(line.slice(0, end))?.[1] ?? ''
  return [labels, Number(line.slice(end + 1))]
}
