import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../tests/support/parley-process.ts'
import { untilHeard } from '../../testing/event-bus.contract.ts'
import { LONG, listenTo, openNatsBus, untilInterrupted } from '../../testing/nats-bus.ts'
import { startNats } from '../../testing/nats-server.ts'

const SECRET = 'a secret that the services share'

/** A client of NATS that is none of ours. */
async function stranger(url: string): Promise<NatsConnection> {
  const connection = await connect({ servers: url.replace('nats://', '') })
  onTestFinished(() => connection.close())
  return connection
}

describe('What others say on NATS', () => {
  const topic = 'conversation/018f2f5e-0000-7000-8000-000000000000'
  const subject = 'parley.conversation.018f2f5e-0000-7000-8000-000000000000'

  test('is not heard unless it was written with the secret for this topic, which nobody else can read, and one line says so', async (context) => {
    const { url } = await startNats(context)
    const [here, there] = [openNatsBus(url, { serviceSecret: SECRET }), openNatsBus(url, { serviceSecret: SECRET })]
    const [other, without] = [openNatsBus(url, { serviceSecret: 'another' }), openNatsBus(url)]
    const attacker = await stranger(url)
    const captured: Uint8Array[] = []
    attacker.subscribe('parley.conversation.>', {
      callback: (_, { data }) => void captured.push(Uint8Array.from(data)),
    })
    await attacker.flush()
    const heard = listenTo(there.bus, topic)
    const elsewhere = listenTo(there.bus, 'conversation/elsewhere')
    await untilHeard(here.bus, [there.bus])
    await untilInterrupted(other, 0)
    await untilInterrupted(without, 0)

    here.bus.publish(topic, 'genuine')
    await expect.poll(() => [heard, captured.length]).toEqual([['genuine'], 1])
    const [genuine = new Uint8Array()] = captured
    expect(Buffer.from(genuine).toString('latin1')).not.toContain('genuine')
    other.bus.publish(topic, 'of another graph')
    without.bus.publish(topic, 'of nobody')
    await expect.poll(() => captured.length).toBe(3)
    attacker.publish('parley.conversation.elsewhere', genuine)
    const changed = genuine.slice()
    changed[changed.length - 2] = 0x21
    for (const forged of [
      changed,
      genuine.slice(1),
      genuine.slice(0, 43),
      'null',
      '"forged"',
      '',
      'x'.repeat(200_000),
    ]) {
      attacker.publish(subject, forged)
    }
    await attacker.flush()
    // Who repeats a message on its own topic does what a bus may do by itself.
    attacker.publish(subject, genuine)
    await expect.poll(() => heard.length).toBe(2)
    await untilHeard(here.bus, [there.bus])
    expect([heard, elsewhere]).toEqual([['genuine', 'genuine'], []])
    expect(there.levels()).toEqual(['warn'])
    expect(there.text()).not.toContain('forged')
  })

  test('is dropped without a secret too if it is no message at all', async (context) => {
    const { url } = await startNats(context)
    const opened = openNatsBus(url)
    const heard = listenTo(opened.bus, topic)
    await untilInterrupted(opened, 0)
    const attacker = await stranger(url)
    for (const nonsense of ['', '{', 'x', new Uint8Array([0xff, 0xfe]), JSON.stringify('x'.repeat(100_000))]) {
      attacker.publish(subject, nonsense)
    }
    attacker.publish(subject, '{"well":"formed"}')
    await expect.poll(() => heard).toEqual([{ well: 'formed' }])
    expect(opened.messages()).toEqual([expect.stringContaining('were dropped')])
  })
})

describe('The URL of NATS', () => {
  test('may name several servers, of which one is enough', async (context) => {
    const server = await startNats(context)
    const nobody = `nats://127.0.0.1:${await freePort()}`
    await untilInterrupted(openNatsBus(`${nobody}, ${server.url},${nobody}`), 0)
  })

  test.for([
    ['a user and a password', ['--user', 'ada', '--pass', 'p@ss/word'], 'ada:p%40ss%2Fword@'],
    ['a token', ['--auth', 't@ken'], 't%40ken@'],
  ] as const)('may hold %s, and wrong ones are tried until they are right', async ([, flags, credentials], context) => {
    const server = await startNats(context, ...flags)
    const right = openNatsBus(server.url.replace('//', `//${credentials}`))
    await untilInterrupted(right, 0)
    expect(right.levels()).toEqual([])

    const wrong = openNatsBus(server.url.replace('//', '//somebody:a-wrong-password@'))
    await expect.poll(wrong.levels, LONG).toEqual(['warn'])
    expect(wrong.text()).toMatch(/Authorization/)
    expect(wrong.text()).not.toMatch(/somebody|a-wrong-password|127\.0\.0\.1/)
    await server.kill()
    await server.start([])
    await untilInterrupted(wrong, 0)
  })

  test('that asks for encryption gets no connection without', async (context) => {
    const server = await startNats(context)
    const { levels, interruptions } = openNatsBus(server.url.replace('nats:', 'tls:'))
    await expect.poll(levels, LONG).toEqual(['warn'])
    // Its next try may be there just now; what it must not do is come as far as to ask for anything.
    expect([interruptions(), (await server.subscriptions()).filter(Boolean)]).toEqual([0, []])
  })
})

describe('The permissions of NATS', () => {
  test('cost what they forbid and nothing else, and one line says so', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-nats-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const forbidden = '{ deny: "parley.forbidden.>" }'
    const ada = `{ user: ada, password: pass, permissions: { publish: ${forbidden}, subscribe: ${forbidden} } }`
    await writeFile(join(folder, 'nats.conf'), `authorization { users = [${ada}] }`)
    const server = await startNats(context, '-c', join(folder, 'nats.conf'))
    const opened = openNatsBus(server.url.replace('//', '//ada:pass@'))
    const { bus, levels, text } = opened
    const heard = listenTo(bus, 'forbidden/topic')
    await untilInterrupted(opened, 0)
    for (let count = 0; count < 10; count += 1) bus.publish('forbidden/topic', count)
    await untilHeard(bus, [bus])
    expect(heard).toEqual([])
    await expect.poll(levels, LONG).toEqual(['warn'])
    expect(text()).toContain('PermissionViolation')
  })
})
