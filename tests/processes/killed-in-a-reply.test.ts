import { randomUUID } from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { replyTo } from '../../local/demo-model/answers.ts'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { readReply, replyStream, textOf } from '../support/chat-streams.ts'
import { ConversationReader } from '../support/conversation-reader.ts'
import { GraphClient } from '../support/graph-client.ts'
import { expectNothingLeftOf, processesOf, startGraph } from '../support/parley-process.ts'
import { createConversation, type Person, sendMessage, signUp } from '../support/people.ts'

vi.setConfig({ testTimeout: 240_000 })

const QUESTION = 'count to 400'
/** The introduction and the first few numbers. */
const KILLED_AFTER_UNITS = 600

/** Somebody who says one thing after the other and remembers what was acknowledged. */
class Chatter {
  readonly acknowledged: string[] = []
  readonly last = { body: '', clientId: '' }
  readonly #conversationId: string

  constructor(conversationId: string) {
    this.#conversationId = conversationId
  }

  async say(person: Person): Promise<void> {
    this.last.body = `message ${this.acknowledged.length + 1}`
    this.last.clientId = randomUUID()
    await this.repeat(person)
  }

  /** Sends the last message again, as a client does that never got an answer. */
  async repeat(person: Person): Promise<void> {
    const { body, clientId } = this.last
    const { message } = await sendMessage(person, this.#conversationId, body, clientId)
    this.acknowledged.push(message.body)
  }

  async read(person: Person): Promise<{ number: number; body: string }[]> {
    const { conversation } = await person.client.run<{
      conversation: { messages: { nodes: { number: number; body: string }[] } }
    }>('query Read($id: ID!) { conversation(id: $id) { messages(first: 100) { nodes { number body } } } }', {
      id: this.#conversationId,
    })
    return conversation.messages.nodes
  }
}

it('A kill -9 while a reply streams loses nothing: the next start has every message and writes the reply to its end.', async () => {
  const folder = await temporaryFolder()
  const first = await startGraph(folder)
  const ada = await signUp(first)
  const counted = await createConversation(ada)
  const chatter = new Chatter(await createConversation(ada, { kind: 'GROUP' }))
  const reader = new ConversationReader(counted)
  const { reply } = await sendMessage(ada, counted, QUESTION)
  const replyId = reply?.id ?? ''

  // One message for each piece of the reply, so that both are written when the process dies.
  let said = Promise.resolve()
  await reader.read(ada, ({ text }) => {
    if (chatter.acknowledged.length < 50) said = said.then(() => chatter.say(ada))
    return text.length >= KILLED_AFTER_UNITS
  })
  await said
  const unanswered = chatter.say(ada)
  process.kill(first.nodeId, 'SIGKILL')
  const isUnanswered = await unanswered.then(
    () => false,
    () => true,
  )
  expect(await first.exitCode()).toBe(137)
  await expectNothingLeftOf(folder)
  const seen = { attempt: reader.attempt, offset: reader.text.length }
  expect(seen.attempt).toBe(1)

  const second = await startGraph(folder)
  const adaAgain = { ...ada, client: new GraphClient(second.url, ada.tokens.accessToken) }
  if (isUnanswered) await chatter.repeat(adaAgain)
  expect(await chatter.read(adaAgain)).toEqual(chatter.acknowledged.map((body, index) => ({ number: index + 1, body })))

  const pieces = replyStream(adaAgain, replyId, seen)
  await reader.read(adaAgain, ({ finished }) => finished.length > 0)
  const expected = replyTo([{ role: 'user', text: QUESTION }])
  const { body, generation } = await readReply(adaAgain, replyId)
  expect({ body, ...generation }).toMatchObject({ body: expected, status: 'COMPLETED', attempt: 2, text: expected })
  expect({ text: reader.text, attempt: reader.attempt, finished: reader.finished }).toEqual({
    text: expected,
    attempt: 2,
    finished: [expected],
  })
  const streamed = await pieces.take(({ __typename }) => __typename === 'ReplyEnded')
  const before = { __typename: 'ReplyText', attempt: 1, offset: 0, text: expected.slice(0, seen.offset) } as const
  expect(textOf([before, ...streamed])).toBe(expected)
  expect(processesOf(folder)).toContain(second.nodeId)
})
