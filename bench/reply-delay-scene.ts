import { randomBytes } from 'node:crypto'
import { encodeId, newUuid } from '../platform/ids.ts'
import type { Resources } from '../platform/resources.ts'
import { openBenchDatabase, prepare } from './database.ts'
import { startGraphRoles } from './graph-roles.ts'
import { addPeople, BenchTokens } from './people.ts'
import type { Reader } from './reply-delay-watchers.ts'

/** The graph in processes of its own, and people in it who have a talk with the assistant each. */
export interface ReplyScene {
  /** The gateway's. */
  readonly url: string
  readonly readers: readonly Reader[]
  /** The CPU time that each process of the graph has used so far. */
  cpuMs(): Promise<{ readonly name: string; readonly ms: number }[]>
}

/** @param given.profile a folder for a CPU profile of chat, which writes the replies. */
export async function openReplyScene(
  resources: Resources,
  given: { modelUrl: string; readers: number; profile: string | undefined },
): Promise<ReplyScene> {
  const tokens = new BenchTokens()
  const databaseUrl = await openBenchDatabase(resources)
  const { gateway, chat, auth } = await startGraphRoles(resources, {
    databaseUrl,
    serviceSecret: randomBytes(32).toString('hex'),
    signingKey: tokens.signingKey,
    modelUrl: given.modelUrl,
    chatFlags: given.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${given.profile}`],
  })
  const people = Array.from({ length: given.readers }, () => ({ userId: newUuid(), conversationId: newUuid() }))
  await addPeople(
    databaseUrl,
    people.map(({ userId }) => userId),
  )
  await addTalks(databaseUrl, people)
  const processes = Object.entries({ gateway, chat, auth })
  return {
    url: gateway.url,
    readers: people.map(({ userId, conversationId }) => {
      return { token: tokens.of(userId), conversationId: encodeId('cnv', conversationId) }
    }),
    cpuMs: () => Promise.all(processes.map(async ([name, program]) => ({ name, ms: await program.cpuMs() }))),
  }
}

/** They have a title, so that the model is asked for none. */
async function addTalks(databaseUrl: string, people: readonly { userId: string; conversationId: string }[]) {
  const values = [people.map(({ conversationId }) => conversationId), people.map(({ userId }) => userId)]
  await prepare(databaseUrl, [
    {
      text: `INSERT INTO chat.conversation (id, kind, title, epoch, member_count)
        SELECT id, 'ASSISTANT', 'A talk', gen_random_uuid(), 1 FROM unnest($1::uuid[]) AS id`,
      values: values.slice(0, 1),
    },
    {
      text: `INSERT INTO chat.member (conversation_id, user_id, role)
        SELECT *, 'OWNER' FROM unnest($1::uuid[], $2::uuid[])`,
      values,
    },
    { text: 'VACUUM ANALYZE' },
  ])
}
