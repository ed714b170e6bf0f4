import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

let graph: TestGraph

beforeAll(async () => {
  graph = await startTestGraph({ environment: { RATE_LIMIT_MUTATIONS: '1' } })
})

afterAll(() => graph?.[Symbol.asyncDispose]())

/** So many changes of the own profile in one operation, half of them in a fragment. */
function renamings(count: number): string {
  const fields = Array.from(
    { length: count },
    (_, index) => `rename${index}: updateProfile(input: { displayName: "Ada" }) { userErrors { code } }`,
  )
  const half = Math.ceil(count / 2)
  const [direct, spread] = [fields.slice(0, half).join(' '), fields.slice(half).join(' ')]
  return spread ? `mutation { ${direct} ...Rest } fragment Rest on Mutation { ${spread} }` : `mutation { ${direct} }`
}

describe('The mutations of a user', () => {
  it('are bounded, each field of an operation counted, over HTTP and over a socket', async () => {
    const [ada, bob] = [await signUp(graph), await signUp(graph, 'bob')]
    expect(await ada.client.codesOf(renamings(9))).toEqual([])
    expect(await ada.client.codesOf(renamings(1))).toEqual([])
    expect(await ada.client.send(renamings(1))).toMatchObject({ status: 429 })
    expect(await ada.client.subscribe(renamings(1)).failureCodes()).toEqual(['RATE_LIMITED'])
    expect(await ada.client.codesOf('{ me { id } }')).toEqual([])
    expect(await bob.client.codesOf(renamings(10))).toEqual([])
  })
})
