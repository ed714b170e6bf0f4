/** All that `GET /metrics` of a gateway tells: values by their names, with labels as they are written there. */
export async function metricsOf(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(new URL('/metrics', url))).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))] as const),
  )
}

/** The value of one of a gateway's metrics, as `GET /metrics` tells it. */
export async function gaugeOf(url: string, name: string): Promise<number> {
  const value = (await metricsOf(url)).get(name)
  if (value === undefined) throw new Error(`There is no metric ${name}.`)
  return value
}
