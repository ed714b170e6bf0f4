import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../../platform/ids.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { searchMessagesTool } from './search-messages.ts'
import type { ToolContext } from './tool.ts'

interface Found {
  readonly messages: {
    readonly id: string
    readonly conversationId: string
    readonly by: string
    readonly text: string
  }[]
  readonly thereAreMore: boolean
}

describe('the tool that searches messages', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** What it finds for somebody who asks here. */
  async function find(query: string, conversation: Conversation, context: Partial<ToolContext> = {}): Promise<Found> {
    const result = await searchMessagesTool.run(
      { query },
      {
        ...{ viewerId: chat.viewerId, conversation, questionId: null, em: chat.fork() },
        ...{ signal: new AbortController().signal, ...context },
      },
    )
    return JSON.parse(typeof result === 'string' ? result : result.text) as Found
  }
  const textsOf = ({ messages }: Found) => messages.map(({ text }) => text)

  it('finds, alone with the assistant, what its asker may read and nothing else', async () => {
    const [alone, group] = [await chat.converse(), await chat.converse('GROUP')]
    const channel = await chat.converse('CHANNEL', { title: 'Open to all' })
    for (const talk of [alone, group, channel]) await chat.say(talk, `An ocelot in ${talk.kind}`)

    expect(textsOf(await find('ocelot', alone)).sort()).toEqual([
      ...['An ocelot in ASSISTANT', 'An ocelot in CHANNEL', 'An ocelot in GROUP'],
    ])
    expect(await find('ocelot', alone, { viewerId: newUuid() })).toEqual({ messages: [], thereAreMore: false })
  })

  it.each(['GROUP', 'CHANNEL', 'DIRECT'] as const)(
    'finds in a %s what was said there, and nothing of what its asker says elsewhere',
    async (kind) => {
      const other = newUuid()
      const people = kind === 'CHANNEL' ? {} : { memberIds: [encodeId('usr', other)] }
      const here = await chat.converse(kind, { ...people, ...(kind === 'CHANNEL' && { title: 'Here' }) })
      const secret = await chat.converse()
      await chat.say(secret, `A pangolin, in private, before ${kind}`)
      await chat.say(here, `A pangolin for all in ${kind}`)

      expect(textsOf(await find('pangolin', here))).toEqual([`A pangolin for all in ${kind}`])
      const asked = { viewerId: newUuid() }
      expect(textsOf(await find('pangolin', here, asked))).toEqual(
        kind === 'CHANNEL' ? [`A pangolin for all in ${kind}`] : [],
      )
    },
  )

  it('tells where a message is and who wrote it, by no name, and leaves the question out', async () => {
    const other = newUuid()
    const group = await chat.converse('GROUP', { memberIds: [encodeId('usr', other)] })
    const { message } = await chat.say(group, 'I saw an axolotl.')
    const said = await chat.services.messages.send(chat.fork(), other, group, {
      body: 'An axolotl?',
      clientId: newUuid(),
    })
    const question = await chat.say(group, 'Search for axolotl!')

    expect(await find('axolotl', group, { questionId: question.message.id })).toEqual({
      messages: [
        {
          ...{ id: encodeId('msg', said.message.id), conversationId: encodeId('cnv', group.id) },
          ...{ sentAt: said.message.createdAt.toISOString(), by: 'somebody else', text: 'An axolotl?' },
        },
        {
          ...{ id: encodeId('msg', message.id), conversationId: encodeId('cnv', group.id) },
          ...{ sentAt: message.createdAt.toISOString(), by: 'the person who asks', text: 'I saw an axolotl.' },
        },
      ],
      thereAreMore: false,
    })
  })

  it('tells of the newest ten, and of a long message what stands around the word', async () => {
    const talk = await chat.converse('GROUP')
    for (let number = 1; number <= 11; number += 1) await chat.say(talk, `Quokka ${number}`)
    await chat.say(talk, `${'Before it. '.repeat(100)}A QUOKKA at last. ${'Behind it. '.repeat(100)}`)

    const { messages, thereAreMore } = await find('quokka', talk)
    expect([messages.length, thereAreMore]).toEqual([10, true])
    expect(messages[0]?.text).toMatch(/^….{90,}A QUOKKA at last\. Behind.*…$/)
    expect(messages[0]?.text).toHaveLength(402)
    expect(messages[9]?.text).toBe('Quokka 3')
  })

  it.each([
    ['', 'The arguments do not fit'],
    ['x'.repeat(201), 'The arguments do not fit'],
    [' ', 'The query is empty'],
    ['\u0001', 'control character'],
    ['a b c d e f g h i j k', '11 words'],
  ])('says what is wrong with the query %j', async (query, words) => {
    await expect(find(query, await chat.converse())).rejects.toThrow(words)
  })
})
