import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, onTestFinished, type TestContext, vi } from 'vitest'
import { NatsServer, requireNats } from '../../platform/testing/nats-server.ts'
import { RedisServer, requireRedis } from '../../platform/testing/redis-server.ts'
import { requireProgram } from '../../platform/testing/server-process.ts'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { administer } from '../support/administer.ts'
import { textOf, watchReply } from '../support/chat-streams.ts'
import { PROJECT, readCompose, serviceOf } from '../support/compose-file.ts'
import { startOrder } from '../support/compose-order.ts'
import { composedEnvironment, makeComposedSecrets } from '../support/composed-environment.ts'
import { makeComposedRoles } from '../support/composed-roles.ts'
import { startPostgresServer } from '../support/deployment/postgres-server.ts'
import { STORES } from '../support/deployment/stores.ts'
import { freePort, type ParleyProcess, spawnParley } from '../support/parley-process.ts'
import { createConversation, sendMessage, signUp } from '../support/people.ts'
import { runRole } from '../support/run-role.ts'

vi.setConfig({ testTimeout: 300_000 })

const HEALTHY_MS = 60_000
const LOOK_EVERY_MS = 100

/** The port that each role has in its container, and the variable that gives it another here. */
const PORTS = {
  'demo-model': ['DEMO_MODEL_PORT', 4010],
  auth: ['AUTH_PORT', 4001],
  chat: ['CHAT_PORT', 4002],
  worker: ['WORKER_PORT', 4003],
  gateway: ['PORT', 4000],
} as const
type Role = keyof typeof PORTS
const isRole = (name: string): name is Role => Object.hasOwn(PORTS, name)

interface Places {
  readonly hosts: Record<string, string>
  readonly secrets: string
}

/** The stores, with the configurations and the roles that Compose gives them, all of it on this machine. */
async function startStores(context: TestContext): Promise<Places> {
  requireProgram(context, STORES.initdb, "Install Debian's postgresql-15, or set POSTGRES_BIN.")
  requireNats(context)
  requireRedis(context)
  const secrets = await temporaryFolder()
  makeComposedSecrets(secrets, {})
  const postgres = await startPostgresServer()
  onTestFinished(() => postgres[Symbol.asyncDispose]())
  await administer(postgres.urlOf('postgres'), 'CREATE DATABASE parley')
  const adminUrl = postgres.urlOf('parley')
  makeComposedRoles(adminUrl, secrets)
  const nats = await NatsServer.start('--config', join(secrets, 'nats/nats.conf'))
  onTestFinished(() => nats[Symbol.asyncDispose]())
  const redis = await RedisServer.start('--include', join(secrets, 'redis/redis.conf'))
  onTestFinished(() => redis[Symbol.asyncDispose]())
  const hosts = {
    'postgres:5432': new URL(adminUrl).host,
    'nats:4222': `127.0.0.1:${nats.port}`,
    'redis:6379': `127.0.0.1:${redis.port}`,
    // There is nobody to take mails and traces: the graph has to do without.
    'mailpit:1025': '127.0.0.1:1',
    'otel-collector:4318': '127.0.0.1:1',
  }
  makeComposedSecrets(secrets, hosts)
  return { hosts, secrets }
}

/** Starts a role and waits until Compose's own health check finds it healthy. */
async function startRole(name: Role, { hosts, secrets }: Places): Promise<ParleyProcess> {
  const [variable, port] = PORTS[name]
  const here = hosts[`${name}:${port}`]?.split(':')[1] ?? ''
  const environment = { ...composedEnvironment(name, { hosts, secrets }), HOST: '127.0.0.1', [variable]: here }
  const { command, healthcheck } = serviceOf(readCompose(), name)
  const role = spawnParley([process.execPath, 'scripts/role.ts', ...command], environment)
  const [, program, ...words] = healthcheck?.test ?? []
  expect(program).toBe('node')
  const deadline = performance.now() + HEALTHY_MS
  while ((await exitCodeOf(words, environment)) !== 0) {
    if (performance.now() > deadline) throw new Error(`${name} is not healthy.\n${role.stdout()}\n${role.stderr()}`)
    await delay(LOOK_EVERY_MS)
  }
  return role
}

async function exitCodeOf(words: string[], environment: Record<string, string>): Promise<unknown> {
  const [code] = await once(spawn(process.execPath, words, { cwd: PROJECT, env: environment }), 'exit')
  return code
}

/** What a server says to whoever connects and says this. */
async function answerTo(place: string | undefined, words: string): Promise<string> {
  const [host = '', port = ''] = place?.split(':') ?? []
  const socket: Socket = connect(Number(port), host)
  await once(socket, 'connect')
  socket.end(words)
  let said = ''
  for await (const chunk of socket) said += chunk
  return said
}

it('comes up in the order of docker-compose.yml with what that says, streams a reply, and stops when it is told to', async (context) => {
  const places = await startStores(context)
  for (const [name, [, port]] of Object.entries(PORTS))
    places.hosts[`${name}:${port}`] = `127.0.0.1:${await freePort()}`
  const roles: ParleyProcess[] = []
  for (const service of startOrder(readCompose(), 'gateway')) {
    if (isRole(service)) roles.push(await startRole(service, places))
    else if (service.startsWith('migrate-')) {
      const { command } = serviceOf(readCompose(), service)
      expect(await runRole(command, composedEnvironment(service, places))).toMatchObject({ code: 0, stderr: '' })
    }
  }
  expect(roles.length).toBe(Object.keys(PORTS).length)

  const gateway = { url: `http://${places.hosts['gateway:4000']}` }
  await expect.poll(async () => (await fetch(`${gateway.url}/ready`)).status).toBe(200)
  const ada = await signUp(gateway)
  const models = await ada.client.run('{ models { id name } }')
  expect(models).toEqual({
    models: [{ id: 'demo-offline', name: 'demo-offline (canned answers, not a language model)' }],
  })
  const { reply } = await sendMessage(ada, await createConversation(ada), 'count to 30')
  const events = await watchReply(ada, reply?.id ?? '')
  expect(events.filter(({ __typename }) => __typename === 'ReplyText').length).toBeGreaterThan(1)
  expect(events.at(-1)).toMatchObject({ __typename: 'ReplyEnded', status: 'COMPLETED' })
  expect(textOf(events)).toContain('28, 29, 30.')

  for (const role of roles.toReversed()) {
    role.launcher.kill('SIGTERM')
    expect([await role.exitCode(), role.stderr()]).toEqual([0, ''])
  }
})

it('NATS and Redis answer nobody who does not know the password', async (context) => {
  const { hosts } = await startStores(context)
  expect(await answerTo(hosts['nats:4222'], 'CONNECT {"verbose":true}\r\nPING\r\n')).toMatch(
    /-ERR 'Authorization Violation'/,
  )
  expect(await answerTo(hosts['redis:6379'], 'PING\r\n')).toMatch(/^-NOAUTH/)
})
