import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SilentBus } from './support/buses.ts'
import { conversationEvents } from './support/chat-streams.ts'
import { createConversation, signIn, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const SIGN_OUT = 'mutation { signOut { signedOut userErrors { code } } }'
const SOON = { timeout: 5_000, interval: 50 }

describe.each([
  ['over a bus', undefined],
  ['although no ring arrives', () => new SilentBus()],
] as const)('signing out, %s,', (_, makeBus) => {
  let graph: TestGraph
  beforeAll(async () => {
    graph = await startTestGraph(makeBus && { overrides: { bus: makeBus() } })
  })
  afterAll(() => graph[Symbol.asyncDispose]())

  it('has the gateway refuse the session’s access token', async () => {
    const ada = await signUp(graph)
    await ada.client.run(SIGN_OUT)
    await expect.poll(() => ada.client.codesOf('{ conversations { nodes { id } } }'), SOON).toEqual(['UNAUTHENTICATED'])
  })

  it('ends the session’s open streams and closes their socket', async () => {
    const ada = await signUp(graph)
    const stream = conversationEvents(ada, await createConversation(ada))
    await stream.next()
    await ada.client.run(SIGN_OUT)
    const { errors } = await stream.nextFrame()
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['UNAUTHENTICATED'])
    expect(await ada.client.closeCode()).toBe(4403)
  })

  it('leaves the user’s other session alone', async () => {
    const ada = await signUp(graph)
    const { client: phone } = await signIn(graph, ada)
    await ada.client.run(SIGN_OUT)
    await expect.poll(() => ada.client.codesOf('{ models { id } }'), SOON).toEqual(['UNAUTHENTICATED'])
    expect(await phone.run('{ me { username } }')).toEqual({ me: { username: ada.username } })
  })
})
