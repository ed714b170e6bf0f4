import { expect, it } from 'vitest'
import { createLogger } from '../../../platform/logging.ts'
import { claimReply } from '../assistant/generation/testing/claims.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import { WorkerWatch } from './worker-watch.ts'

it('a chat process that writes no replies says once that nobody does, and once that somebody does again', async () => {
  await using chat = await openChatFixture()
  const said: string[] = []
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  logger.info = (message: unknown) => void said.push(`info: ${message}`)
  logger.warn = (message: unknown) => void said.push(`warn: ${message}`)
  let looks = 0
  const fork = () => {
    looks += 1
    return chat.fork()
  }
  const someLooks = async () => {
    const until = looks + 4
    await expect.poll(() => looks, { interval: 5 }).toBeGreaterThan(until)
  }
  await using _watch = new WorkerWatch({ fork, logger, everyMs: 10 })
  const told = [expect.stringMatching(/^info: replies are written by workers alone/)]
  await someLooks()
  expect(said).toEqual(told)

  await chat.say(await chat.converse(), 'Is anybody there?')
  await someLooks()
  told.push(expect.stringMatching(/^warn: replies wait/))
  expect(said).toEqual(told)

  expect(await claimReply(chat.fork())).not.toBeNull()
  await someLooks()
  expect(said).toEqual([...told, expect.stringMatching(/^info: .* taken again/)])
})
