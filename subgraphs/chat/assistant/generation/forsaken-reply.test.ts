import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { type BegunClaim, finishForsaken } from './claim.ts'
import { claimReply, FREE } from './testing/claims.ts'

describe('a reply that waits for an approval', () => {
  let chat: ChatFixture
  let talk: Conversation
  let reply: BegunClaim
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(async () => {
    talk = await chat.converse()
    await chat.say(talk, 'Do it')
    const claimed = await claimReply(chat.fork())
    if (!claimed) throw new Error('There is no reply to write.')
    reply = claimed
    await run('UPDATE chat.generation SET is_parked = true, lease_until = NULL WHERE conversation_id = ?')
    await run(
      `INSERT INTO chat.tool_call (conversation_id, id, generation_id, message_id, step, position, text_offset,
         provider_id, name, arguments, status)
       SELECT conversation_id, gen_random_uuid(), id, message_id, 1, 0, 0, 'call', 'a_tool', '{}', 'AWAITING_APPROVAL'
       FROM chat.generation WHERE conversation_id = ?`,
    )
  })

  const run = (sql: string) => chat.fork().execute(sql, [talk.id])
  const finish = () => finishForsaken(chat.fork(), { status: 'INTERRUPTED' }, FREE)

  it('waits while somebody may give it', async () => {
    expect(await finish()).toBeNull()
    await run("UPDATE chat.generation SET status = 'FAILED', is_parked = false WHERE conversation_id = ?")
  })

  it.each([
    ['whoever asked has left', 'DELETE FROM chat.member WHERE conversation_id = ?'],
    [
      'the account of whoever asked was deleted',
      'UPDATE chat.generation SET requested_by = NULL WHERE conversation_id = ?',
    ],
    [
      'nobody has answered for a day',
      "UPDATE chat.tool_call SET created_at = now() - interval '25 hours' WHERE conversation_id = ?",
    ],
  ])('ends once %s', async (_, happen) => {
    await run(happen)
    expect(await finish()).toMatchObject({ id: reply.id, ended: { events: [{ kind: 'ReplyFinished' }] } })
    expect(await finish()).toBeNull()
    const rows = await run(
      `SELECT generation.status, is_parked, call.status AS call FROM chat.generation
       JOIN chat.tool_call call USING (conversation_id) WHERE conversation_id = ?`,
    )
    expect(rows).toEqual([{ status: 'INTERRUPTED', is_parked: false, call: 'REFUSED' }])
  })
})
