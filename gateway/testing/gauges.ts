/** The value of one of a gateway's metrics, as `GET /metrics` tells it. */
export async function gaugeOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text()
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  if (line === undefined) throw new Error(`There is no metric ${name}.`)
  return Number(line.slice(name.length))
}
