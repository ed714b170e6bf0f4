import type { Resources } from '../platform/resources.ts'
import { type ChatFixture, openChatFixture } from '../subgraphs/chat/testing/chat-fixture.ts'
import { openBenchDatabase } from './database.ts'

/** The chat subgraph's schema and services in this process, on a PostgreSQL server of this run alone. */
export async function openBenchChat(resources: Resources): Promise<{ chat: ChatFixture; url: string }> {
  const url = await openBenchDatabase(resources)
  // The whole server goes with the run, and its database with it.
  const database = { url, [Symbol.asyncDispose]: async () => undefined }
  return { chat: resources.use(await openChatFixture(database)), url }
}
