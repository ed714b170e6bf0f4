import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError } from '../platform/environment.ts'
import { readGatewayConfig } from './config.ts'
import { startGateway } from './gateway.ts'
import { startTokenIssuer } from './testing/access-tokens.ts'
import { SocketClient } from './testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from './testing/start-toy-gateway.ts'

let toy: ToyGateway | undefined

afterEach(async () => {
  await toy?.[Symbol.asyncDispose]()
  toy = undefined
})

describe('a gateway', () => {
  it('is alive and ready once its supergraph is loaded', async () => {
    toy = await startToyGateway()
    expect((await fetch(`${toy.gateway.url}/health`)).status).toBe(200)
    expect((await fetch(`${toy.gateway.url}/ready`)).status).toBe(200)
  })

  it('is not ready before it has seen the keys that tokens are signed with', async () => {
    const issuer = await startTokenIssuer()
    toy = await startToyGateway(issuer.environment)
    expect((await fetch(`${toy.gateway.url}/ready`)).status).toBe(200)
    await issuer[Symbol.asyncDispose]()
    const keyless = await startToyGateway(issuer.environment)
    const { status } = await fetch(`${keyless.gateway.url}/ready`)
    await keyless[Symbol.asyncDispose]()
    expect(status).toBe(503)
  })

  it('does not start without a supergraph, and says which variable to set', async () => {
    const missing = startGateway(readGatewayConfig({ SUPERGRAPH: '/nowhere.graphql', LOG_LEVEL: 'silent' }))
    await expect(missing).rejects.toThrow(ConfigurationError)
    await expect(missing).rejects.toThrow(/SUPERGRAPH/)
    const file = join(tmpdir(), `parley-no-supergraph-${process.pid}.graphql`)
    await writeFile(file, 'type Query { a: Int }')
    const wrong = startGateway(readGatewayConfig({ SUPERGRAPH: file, LOG_LEVEL: 'silent' }))
    await expect(wrong).rejects.toThrow(/is not a supergraph/)
  })

  it('does not start with the address of a subgraph that is not there', async () => {
    await expect(startToyGateway({ SUBGRAPH_URL_REVIEW: 'http://localhost:1' })).rejects.toThrow(
      'SUBGRAPH_URL_REVIEW: there is no such subgraph; there are REVIEWS, USERS.',
    )
  })

  it('asks a subgraph where SUBGRAPH_URL says it is', async () => {
    toy = await startToyGateway({ SUBGRAPH_URL_USERS: 'http://127.0.0.1:9/graphql' })
    const { body } = await toy.query('{ review(id: "r1") { id author { name } } }')
    expect(body.data).toEqual({ review: { id: 'r1', author: null } })
  })
})

describe('a gateway that shuts down', () => {
  it('answers what is in flight, sends sockets elsewhere and frees everything upstream', async () => {
    const { graph, gateway, ...running } = await startToyGateway()
    const arrived = Promise.withResolvers<void>()
    const released = Promise.withResolvers<false>()
    graph.users.intercept = () => {
      arrived.resolve()
      return released.promise
    }
    const client = await SocketClient.connect(running.socketUrl)
    client.subscribe('1', 'subscription { reviewAdded { id } }')
    await vi.waitFor(() => expect(graph.feed.watcherCount).toBe(1))
    const inFlight = running.query('{ user(id: "u1") { name } }')
    await arrived.promise
    const stopped = gateway[Symbol.asyncDispose]()
    const { code, reason } = await client.whenClosed()
    expect(code).toBe(1012)
    expect(JSON.parse(reason)).toEqual({ reconnectWithinMs: expect.any(Number) })
    await vi.waitFor(() => expect(graph.feed.watcherCount).toBe(0))
    released.resolve(false)
    expect((await inFlight).body).toEqual({ data: { user: { name: 'Name of u1' } } })
    await stopped
    await vi.waitFor(() => expect(graph.reviews.socketCount).toBe(0))
    await expect(fetch(`${gateway.url}/health`)).rejects.toThrow()
    await graph.stop()
  })

  it('does not wait longer than the grace period', async () => {
    const { graph, gateway, ...running } = await startToyGateway({ SHUTDOWN_GRACE_MS: '50' })
    const arrived = Promise.withResolvers<void>()
    graph.users.intercept = () => {
      arrived.resolve()
      return true
    }
    const stuck = running.query('{ user(id: "u1") { name } }').catch((error) => error)
    const client = await SocketClient.connect(running.socketUrl)
    client.socket.pause()
    await arrived.promise
    await gateway[Symbol.asyncDispose]()
    expect(await stuck).toBeInstanceOf(Error)
    client.socket.terminate()
    await graph.stop()
  })
})
