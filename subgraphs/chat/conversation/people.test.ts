import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { ServiceClient } from '../../../platform/service-client.ts'
import { RemotePeople } from './people.ts'

const peopleAt = (origin: string) => new RemotePeople(new ServiceClient({ service: 'auth', origin, signer: undefined }))

/** An auth service that gives this answer. */
async function serve(status: number, body: string) {
  const server = createServer((_, response) => response.writeHead(status).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    people: peopleAt(`http://127.0.0.1:${port}`),
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('people who are asked for', () => {
  it('need no question when there are none', async () => {
    const people = peopleAt('http://127.0.0.1:9')
    expect(await people.existing([])).toEqual(new Set())
  })

  it('are SUBGRAPH_UNAVAILABLE while auth does not listen', async () => {
    const people = peopleAt('http://127.0.0.1:9')
    await expect(people.existing([newUuid()])).rejects.toThrow(SubgraphUnavailableError)
  })

  it.each([
    [500, '{}'],
    [403, '{"errors":[]}'],
    [200, 'no JSON'],
  ])('are SUBGRAPH_UNAVAILABLE when auth answers %i %s', async (status, body) => {
    await using auth = await serve(status, body)
    await expect(auth.people.existing([newUuid()])).rejects.toThrow(SubgraphUnavailableError)
  })

  it('by their names are known by the names in lower case', async () => {
    const id = newUuid()
    await using auth = await serve(200, JSON.stringify({ users: [{ id: encodeId('usr', id), username: 'Ada.L' }] }))
    expect(await auth.people.named(['ada.l', 'nobody'])).toEqual(new Map([['ada.l', id]]))
  })

  it('by their names need no question when there are none', async () => {
    expect(await peopleAt('http://127.0.0.1:9').named([])).toEqual(new Map())
  })

  it('are told by what they are called', async () => {
    const id = newUuid()
    const names = { username: 'ada.l', displayName: 'Ada Lovelace' }
    await using auth = await serve(200, JSON.stringify({ users: [{ id: encodeId('usr', id), ...names }] }))
    expect(await auth.people.namesOf([id, newUuid()])).toEqual(new Map([[id, names]]))
    expect(await auth.people.namesOf([])).toEqual(new Map())
  })

  it('by their names are SUBGRAPH_UNAVAILABLE after a second of silence', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const asked = performance.now()
    await expect(peopleAt(`http://127.0.0.1:${port}`).named(['ada'])).rejects.toThrow(SubgraphUnavailableError)
    expect(performance.now() - asked).toBeLessThan(4_000)
    silent.closeAllConnections()
    await new Promise((resolve) => silent.close(resolve))
  })
})
