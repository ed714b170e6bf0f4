import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../../platform/ids.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { removeConversation } from '../../conversation/conversation-removal.ts'
import type { Message } from '../../message/message.entity.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import { ReplyRemoval } from '../control/reply-removal.ts'
import { searchMessagesTool } from './search-messages.ts'
import { ToolBench } from './testing/tool-bench.ts'
import { RETRACTED } from './tool-quotes.ts'

const SECRET = 'The wifi password is tr0ub4dor.'
const NOTHING = '{"messages":[],"thereAreMore":false}'

describe('the words of a message in what a tool has found', () => {
  let chat: ChatFixture
  let bench: ToolBench
  /** What happens between the search and the journaling of what it found. */
  let meanwhile: () => Promise<unknown>
  const bob = newUuid()
  beforeAll(async () => {
    chat = await openChatFixture()
    const slowSearch: typeof searchMessagesTool = {
      ...searchMessagesTool,
      name: 'slow_search',
      async run(args, context) {
        const found = await searchMessagesTool.run(args, context)
        await meanwhile()
        return found
      },
    }
    bench = new ToolBench(chat, [slowSearch])
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(() => {
    meanwhile = async () => undefined
  })

  const group = () => chat.converse('GROUP', { memberIds: [encodeId('usr', bob)] })

  async function tell(conversation: Conversation): Promise<Message> {
    const input = { body: SECRET, clientId: newUuid() }
    return (await chat.services.messages.send(chat.fork(), bob, conversation, input)).message
  }

  /** Has a reply search there; what is then read of its call. */
  async function search(conversation: Conversation, name = 'search_messages'): Promise<() => Promise<string>> {
    const claim = await bench.begin('', conversation)
    const calls = [{ id: 'call_0', name, arguments: JSON.stringify({ query: 'wifi password' }) }]
    await bench.steps.take(claim, { calls }, { signal: new AbortController().signal })
    return async () => {
      const [call] = await bench.seen(claim)
      expect(call).toMatchObject({ status: 'DONE' })
      return call?.result ?? ''
    }
  }

  const remove = (message: Message) => chat.services.messages.delete(chat.fork(), viewerNamed(bob), message.id)
  const edit = (message: Message) =>
    chat.services.messages.edit(chat.fork(), viewerNamed(bob), message.id, 'Never mind.')

  it.each([
    ['deleted', remove],
    ['edited', edit],
  ])('go, there and elsewhere, when it is %s', async (_, change) => {
    const talk = await group()
    const message = await tell(talk)
    const [here, alone] = [await search(talk), await search(await chat.converse())]
    expect(await here()).toContain(SECRET)
    expect(await alone()).toContain(SECRET)
    await change(message)

    expect([await here(), await alone()]).toEqual([RETRACTED, RETRACTED])
    const again = await search(talk)
    expect(await again()).not.toContain(SECRET)
  })

  it('stay when another message is deleted', async () => {
    const talk = await group()
    const [first, second] = [await search(talk), await tell(talk)]
    const found = await search(talk)
    await chat.say(talk, 'Something else')
    await remove(await tell(talk))
    expect([await found(), await first()]).toEqual([expect.stringContaining(encodeId('msg', second.id)), NOTHING])
  })

  it.each([
    ['deleted', remove],
    ['edited', edit],
  ])('are not kept when it was %s since it was found', async (_, change) => {
    const talk = await group()
    const message = await tell(talk)
    meanwhile = () => change(message)
    const found = await search(talk, 'slow_search')
    expect(await found()).toBe(RETRACTED)
  })

  it('are not kept, and nobody waits, while somebody is about to change it', async () => {
    const talk = await group()
    const message = await tell(talk)
    await chat.fork().transactional(async (em) => {
      await em.execute('SELECT FROM chat.message WHERE id = ? FOR NO KEY UPDATE', [message.id])
      const found = await search(talk, 'slow_search')
      expect(await found()).toBe(RETRACTED)
    })
  })

  it('never outlive it, whoever comes first', async () => {
    const [talk, alone] = [await group(), await chat.converse()]
    for (let trial = 0; trial < 20; trial += 1) {
      const message = await tell(talk)
      let removed: Promise<unknown> = Promise.resolve()
      meanwhile = async () => {
        removed = remove(message)
        for (let turns = trial % 5; turns > 0; turns -= 1) await chat.fork().execute('SELECT 1')
      }
      const found = await search(trial % 2 === 0 ? talk : alone, 'slow_search')
      await removed
      expect(await found()).not.toContain(SECRET)
    }
  })

  it('go with its conversation', async () => {
    const talk = await group()
    await tell(talk)
    const alone = await chat.converse()
    const found = await search(alone)
    await chat.services.conversations.delete(chat.fork(), viewerNamed(chat.viewerId), talk.id)
    const { signal } = new AbortController()
    await removeConversation(chat.fork, talk.id, { replies: new ReplyRemoval(chat), signal })

    expect(await found()).toBe(RETRACTED)
    const left = 'SELECT FROM chat.tool_quote WHERE quoted_conversation_id = ?'
    expect(await chat.fork().execute(left, [talk.id])).toEqual([])
  })
})
