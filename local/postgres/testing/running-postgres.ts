import { onTestFinished } from 'vitest'
import { temporaryFolder } from '../../../platform/testing/temporary-folder.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../embedded-postgres.ts'

/** A server that is shut down when the test ends; its messages are collected in `messages`, if that is given. */
export async function runningPostgres(dataDirectory?: string, messages: string[] = []): Promise<EmbeddedPostgres> {
  const collect = (message: string) => messages.push(message)
  const postgres = await startEmbeddedPostgres({
    dataDirectory: dataDirectory ?? (await temporaryFolder()),
    logger: { info: collect, warn: collect },
  })
  onTestFinished(() => postgres[Symbol.asyncDispose]())
  return postgres
}
