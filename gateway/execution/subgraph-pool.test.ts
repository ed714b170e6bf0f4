import { afterEach, beforeEach, expect, it } from 'vitest'
import { LogLines } from '../testing/log-lines.ts'
import { ToyGraph } from '../testing/toy-graph.ts'
import { operationContext } from './operation-context.ts'
import { SubgraphPool } from './subgraph-pool.ts'

const CONTEXT = operationContext({ viewer: null, address: '127.0.0.1' }, 'test', new AbortController().signal)
const ASKED = {
  query: '{ user(id: "u1") { id } }',
  operationName: undefined,
  variables: {},
  representations: undefined,
}
const ANSWER = { data: { user: { id: 'u1' } } }

let graph: ToyGraph
let pool: SubgraphPool

beforeEach(async () => {
  graph = await new ToyGraph().start()
  pool = new SubgraphPool({ signer: undefined, logger: new LogLines().logger })
})

afterEach(async () => {
  await pool.close()
  await graph.stop()
})

const users = () => ({ name: 'users', url: graph.users.url })

function lease(...others: { name: string; url: string }[]) {
  const { sources, end } = pool.lease([users(), ...others])
  return { ask: async () => sources.get('users')?.ask(ASKED, CONTEXT), end }
}

it('connections stay open while another lease uses them, and are closed with the last', async () => {
  const [one, other] = [lease(), lease()]
  await one.end()
  expect(await other.ask()).toEqual(ANSWER)
  await other.end()
  await expect(other.ask()).rejects.toThrow()
})

it('a lease that fails half-way leaves none open', async () => {
  const held = lease()
  expect(() => lease({ name: 'reviews', url: 'nowhere' })).toThrow('Invalid URL')
  expect(await held.ask()).toEqual(ANSWER)
  await held.end()
  await expect(held.ask()).rejects.toThrow()
})
