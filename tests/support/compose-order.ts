import { type ComposeFile, serviceOf } from './compose-file.ts'

/**
 * The services that one needs, itself last, each after those that it waits for: the order in which Compose starts them.
 *
 * @throws Error that names the way round when services wait for one another.
 */
export function startOrder(compose: ComposeFile, service: string): string[] {
  const order: string[] = []
  const visit = (name: string, waiting: readonly string[]) => {
    if (order.includes(name)) return
    const way = [...waiting, name]
    if (waiting.includes(name)) throw new Error(`These services wait for one another: ${way.join(' → ')}`)
    for (const needed of Object.keys(serviceOf(compose, name).depends_on)) visit(needed, way)
    order.push(name)
  }
  visit(service, [])
  return order
}
