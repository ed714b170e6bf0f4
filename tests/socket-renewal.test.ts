import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { conversationEvents } from './support/chat-streams.ts'
import { GraphClient } from './support/graph-client.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { TestClock } from './support/test-clock.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const REFRESH = `mutation Refresh($input: RefreshTokensInput!) {
  refreshTokens(input: $input) { tokens { accessToken refreshToken } userErrors { code } }
}`
const TOKEN_SECONDS = 600

const clock = new TestClock('standing')

let graph: TestGraph
let ada: Person
let conversationId: string
beforeAll(async () => {
  graph = await startTestGraph({ clock })
})
beforeEach(async () => {
  ada = await signUp(graph)
  conversationId = await createConversation(ada, { kind: 'GROUP' })
  // The gateway looks at the clock again a second of real time later, because sockets open so long before the end.
  clock.advance((TOKEN_SECONDS - 1) * 1000)
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  clock[Symbol.dispose]()
})

/** The same person with a fresh token of the same session, and a socket of their own. */
async function refreshed(person: Person): Promise<Person> {
  const { refreshTokens } = await person.client.run<{ refreshTokens: { tokens: Person['tokens'] } }>(REFRESH, {
    input: { refreshToken: person.tokens.refreshToken },
  })
  const { tokens } = refreshTokens
  return { ...person, tokens, client: new GraphClient(graph.url, tokens.accessToken) }
}

/** A stream that has begun. */
async function follow(person: Person) {
  const stream = conversationEvents(person, conversationId)
  expect(await stream.next()).toMatchObject({ __typename: 'CaughtUp' })
  return stream
}

const renew = (client: GraphClient, { tokens }: Person) =>
  client.ping({ authorization: `Bearer ${tokens.accessToken}` })

describe('a socket', () => {
  it('lives past its first token’s ten minutes when it was renewed, and ends with them when it was not', async () => {
    const other = { ...ada, client: new GraphClient(graph.url, ada.tokens.accessToken) }
    const [renewedStream, otherStream] = [await follow(ada), await follow(other)]
    const fresh = await refreshed(ada)
    const expiresAt = new Date(clock.now().getTime() + TOKEN_SECONDS * 1000).toISOString()
    expect(await renew(ada.client, fresh)).toEqual({ renewed: true, expiresAt })
    clock.advance(1000)

    const { errors } = await otherStream.nextFrame()
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['UNAUTHENTICATED'])
    expect(await other.client.closeCode()).toBe(4403)
    await sendMessage(fresh, conversationId, 'Still there?')
    expect(await renewedStream.next()).toMatchObject({ message: { body: 'Still there?' } })

    clock.advance((TOKEN_SECONDS - 2) * 1000)
    await sendMessage(await refreshed(fresh), conversationId, 'And now?')
    expect(await renewedStream.next()).toMatchObject({ message: { body: 'And now?' } })
  })

  it('is not renewed by a token of somebody else', async () => {
    const stream = await follow(ada)
    const code = { error: { extensions: { code: 'UNAUTHENTICATED' } } }
    expect(await renew(ada.client, await signUp(graph, 'grace'))).toMatchObject({ renewed: false, ...code })
    clock.advance(1000)
    expect((await stream.nextFrame()).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    expect(await ada.client.closeCode()).toBe(4403)
  })

  it('that was renewed still ends when its session does', async () => {
    const stream = await follow(ada)
    const fresh = await refreshed(ada)
    await renew(ada.client, fresh)
    await fresh.client.run('mutation { signOut { signedOut } }')
    expect((await stream.nextFrame()).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    expect(await ada.client.closeCode()).toBe(4403)
  })
})
