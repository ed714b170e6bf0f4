import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { removeConversation } from './conversation-removal.ts'
import { ConversationCalls } from './testing/conversation-calls.ts'

describe('the removal of a conversation', () => {
  let chat: ChatFixture
  let calls: ConversationCalls
  beforeAll(async () => {
    chat = await openChatFixture()
    calls = new ConversationCalls(chat)
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  it('touches nothing of a conversation that was not deleted', async () => {
    const talk = await chat.converse('ASSISTANT')
    await chat.say(talk, 'Tell me.')
    const rowsOf = async () => {
      const tables = ['generation', 'conversation_event', 'message', 'member', 'conversation']
      const select = (table: string) =>
        chat
          .fork()
          .execute(`SELECT * FROM chat.${table} WHERE ${table === 'conversation' ? 'id' : 'conversation_id'} = ?`, [
            talk.id,
          ])
      return Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await select(table)])))
    }
    const before = await rowsOf()
    await removeConversation(chat.fork, talk.id, new AbortController().signal)

    expect(before).toMatchObject({ generation: [{ status: 'QUEUED' }], message: [{ number: 1 }, { number: 2 }] })
    expect(await rowsOf()).toEqual(before)
  })

  it('ends replies later when they cannot be stopped at the deletion, which is answered as done', async () => {
    const talk = await chat.converse('ASSISTANT')
    await chat.say(talk, 'Tell me.')
    const em = chat.fork()
    await em.execute(`CREATE FUNCTION chat.refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE 'not now'; END $$`)
    await em.execute(
      'CREATE TRIGGER refuse BEFORE UPDATE ON chat.generation FOR EACH ROW EXECUTE FUNCTION chat.refuse()',
    )
    const answer = await calls.change(chat.viewerId, 'deleteConversation', talk)
    await em.execute('DROP TRIGGER refuse ON chat.generation')

    expect(answer).toMatchObject({ deletedConversationId: encodeId('cnv', talk.id), codes: [] })
    await removeConversation(chat.fork, talk.id, new AbortController().signal)
    expect(await em.execute('SELECT FROM chat.generation WHERE conversation_id = ?', [talk.id])).toEqual([])
    expect(await em.execute('SELECT FROM chat.conversation WHERE id = ?', [talk.id])).toEqual([])
  })
})
