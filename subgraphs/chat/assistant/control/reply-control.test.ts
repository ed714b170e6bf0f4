import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../../platform/ids.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { Talk } from '../../message/testing/talk.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import { REPLY_QUEUED } from '../generation/topics.ts'
import { Models } from '../model/models.ts'
import { ReplyDesk } from './testing/reply-desk.ts'

let chat: ChatFixture
let desk: ReplyDesk
let talk: Talk
let ada: string
const [grace, linus] = [newUuid(), newUuid()]

beforeAll(async () => {
  chat = await openChatFixture(undefined, { models: new Models(['first', 'second'], false) })
  desk = new ReplyDesk(chat)
  talk = new Talk(chat)
  ada = chat.viewerId
})
afterAll(() => chat[Symbol.asyncDispose]())

const group = () => talk.converse('GROUP', grace, linus)
const versionId = (id: string | undefined) => ({ versionId: encodeId('ver', id ?? '') })

/** Whether the summary of these messages is still there, once `change` is done. */
async function keepsSummary(
  { id }: Conversation,
  [since, upTo]: [number, number],
  change: () => Promise<unknown>,
): Promise<boolean> {
  const sql = (statement: string) => chat.fork().execute(statement, [id])
  await sql('DELETE FROM chat.conversation_summary WHERE conversation_id = ?')
  const columns = 'conversation_id, since, up_to, body'
  await sql(`INSERT INTO chat.conversation_summary (${columns}) VALUES (?, ${since}, ${upTo}, 'They talked.')`)
  await change()
  return (await sql('SELECT FROM chat.conversation_summary WHERE conversation_id = ?')).length === 1
}

describe('a reply that is asked for anew', () => {
  it('shows the new version, and keeps the one before with its text', async () => {
    const conversation = await group()
    const { reply } = await desk.answered(grace, conversation, { body: 'Because.' })
    const rings: unknown[] = []
    const leave = chat.bus.subscribe(REPLY_QUEUED, (payload) => void rings.push(payload))
    expect(await desk.change(grace, 'regenerateReply', reply.id)).toBe('ok')
    await expect.poll(() => rings).toEqual([null])
    leave()

    const shared = { model: 'first', requestedBy: grace }
    expect(await desk.versionsOf(reply)).toMatchObject([
      { ...shared, status: 'COMPLETED', isSelected: false, body: 'Because.', attempt: 1, baseAttempt: 0 },
      { ...shared, status: 'QUEUED', isSelected: true, body: null, attempt: 1, baseAttempt: 1 },
    ])
    expect(await desk.bodyOf(reply)).toBe('')
    expect(await desk.eventsOf(reply)).toEqual(['MessageAdded', 'MessageEdited'])
  })

  it('begins behind the highest attempt of all versions, whichever is shown', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'One' })
    await desk.change(ada, 'regenerateReply', reply.id)
    await desk.end(reply, { body: 'Two' })
    const [first] = await desk.versionsOf(reply)
    await desk.change(ada, 'selectReplyVersion', reply.id, versionId(first?.id))
    await desk.change(ada, 'regenerateReply', reply.id)

    const versions = await desk.versionsOf(reply)
    expect(versions.map(({ attempt, baseAttempt }) => [attempt, baseAttempt])).toEqual([
      [1, 0],
      [2, 1],
      [2, 2],
    ])
    expect(versions.map(({ body }) => body)).toEqual(['One', 'Two', null])
  })

  it('is written by the model that is named, or else by that of the conversation, at the cost of who asked', async () => {
    const conversation = await talk.converse('GROUP', grace)
    await chat.services.conversations.update(chat.fork(), viewerNamed(ada), conversation.id, {
      assistant: { model: 'second' },
    })
    const { reply } = await desk.answered(grace, conversation, { body: 'One' })
    await desk.change(ada, 'regenerateReply', reply.id)
    await desk.end(reply, { body: 'Two' })
    await desk.change(grace, 'regenerateReply', reply.id, { model: 'first' })

    expect((await desk.versionsOf(reply)).map(({ model, requestedBy }) => [model, requestedBy])).toEqual([
      ['first', grace],
      ['second', ada],
      ['first', grace],
    ])
  })

  it('is not, of a model that does not exist', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'One' })
    expect(await desk.change(ada, 'regenerateReply', reply.id, { model: 'third' })).toBe('UNKNOWN_MODEL')
    expect(await desk.bodyOf(reply)).toBe('One')
  })

  it('is not while it is being written: of many who ask at once one is heard', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'One' })
    const answers = await Promise.all(Array.from({ length: 5 }, () => desk.change(ada, 'regenerateReply', reply.id)))
    expect(answers.toSorted()).toEqual([...Array(4).fill('REPLY_RUNNING'), 'ok'])
    expect(await desk.versionsOf(reply)).toHaveLength(2)
  })

  it('has twenty versions at most', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: '1' })
    for (let version = 2; version <= 20; version += 1) {
      expect(await desk.change(ada, 'regenerateReply', reply.id)).toBe('ok')
      await desk.end(reply, { body: `${version}` })
    }
    expect(await desk.change(ada, 'regenerateReply', reply.id)).toBe('BAD_USER_INPUT')
    const versions = await desk.versionsOf(reply)
    expect(versions.map(({ body }) => body)).toEqual([...Array.from({ length: 19 }, (_, i) => `${i + 1}`), null])
    expect(await desk.bodyOf(reply)).toBe('20')
  })
})

it('a reply whose question was deleted is neither asked for anew nor gone on with', async () => {
  const { question, reply } = await desk.answered(ada, await group(), { body: 'Half', status: 'CANCELLED' })
  await talk.delete(ada, encodeId('msg', question.id))
  for (const mutation of ['regenerateReply', 'continueReply'] as const) {
    expect(await desk.change(ada, mutation, reply.id)).toBe('NOT_FOUND')
  }
  expect(await desk.bodyOf(reply)).toBe('Half')
})

describe('a version that is chosen', () => {
  it('is shown, and the other keeps its text; choosing it again changes nothing', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'One' })
    await desk.change(ada, 'regenerateReply', reply.id)
    await desk.end(reply, { body: 'Two' })
    const [one, two] = await desk.versionsOf(reply)
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await desk.change(ada, 'selectReplyVersion', reply.id, versionId(one?.id))).toBe('ok')
      expect(await desk.bodyOf(reply)).toBe('One')
    }
    const bodies = async () => (await desk.versionsOf(reply)).map(({ isSelected, body }) => [isSelected, body])
    expect(await bodies()).toEqual([
      [true, null],
      [false, 'Two'],
    ])
    expect(await desk.change(ada, 'selectReplyVersion', reply.id, versionId(two?.id))).toBe('ok')
    expect(await desk.bodyOf(reply)).toBe('Two')
    expect(await bodies()).toEqual([
      [false, 'One'],
      [true, null],
    ])
    expect(await desk.eventsOf(reply)).toEqual(['MessageAdded', ...Array(3).fill('MessageEdited')])
  })

  it('is one of the reply', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'One' })
    const [other] = await desk.versionsOf((await desk.answered(ada, await group(), { body: 'Another' })).reply)
    for (const id of [other?.id, newUuid()]) {
      expect(await desk.change(ada, 'selectReplyVersion', reply.id, versionId(id))).toBe('NOT_FOUND')
    }
    const wrong = { versionId: encodeId('msg', reply.id) }
    expect(await desk.change(ada, 'selectReplyVersion', reply.id, wrong)).toBe('BAD_USER_INPUT')
  })

  it('is not while another is being written', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'One' })
    await desk.change(ada, 'regenerateReply', reply.id)
    const [one] = await desk.versionsOf(reply)
    expect(await desk.change(ada, 'selectReplyVersion', reply.id, versionId(one?.id))).toBe('REPLY_RUNNING')
  })
})

describe('a reply is controlled', () => {
  it('by who asked the question, who asked for the version it shows, and who is in charge', async () => {
    const conversation = await group()
    const { reply } = await desk.answered(grace, conversation, { body: 'Half', status: 'CANCELLED' })
    const tries = ['cancelReply', 'regenerateReply', 'continueReply'] as const
    for (const mutation of tries) expect(await desk.change(linus, mutation, reply.id)).toBe('FORBIDDEN')
    await chat.fork().execute('UPDATE chat.generation SET requested_by = ? WHERE message_id = ?', [linus, reply.id])
    for (const member of [linus, grace, ada]) {
      expect(await desk.change(member, 'continueReply', reply.id)).toBe('ok')
      await desk.end(reply, { body: 'Half', status: 'CANCELLED' })
      await chat.fork().execute('UPDATE chat.generation SET requested_by = ? WHERE message_id = ?', [linus, reply.id])
    }
    await chat
      .fork()
      .execute('DELETE FROM chat.member WHERE conversation_id = ? AND user_id IN (?)', [
        conversation.id,
        [grace, linus],
      ])
    for (const gone of [grace, linus]) {
      for (const mutation of tries) expect(await desk.change(gone, mutation, reply.id)).toBe('NOT_FOUND')
    }
  })

  it('without a lock for who may not', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'One' })
    const statements = await chat.statementsOf(async () => {
      for (const mutation of ['regenerateReply', 'continueReply', 'cancelReply'] as const) {
        expect(await desk.change(linus, mutation, reply.id)).toBe('FORBIDDEN')
      }
    })
    expect(statements.filter((statement) => /FOR NO KEY UPDATE/.test(statement))).toEqual([])
  })

  it('and is a reply: a person’s message is none', async () => {
    const { question } = await desk.answered(ada, await group(), { body: 'One' })
    for (const mutation of ['cancelReply', 'regenerateReply', 'continueReply'] as const) {
      expect(await desk.change(ada, mutation, question.id)).toBe('BAD_USER_INPUT')
    }
    expect(await desk.change(ada, 'selectReplyVersion', question.id, versionId(newUuid()))).toBe('BAD_USER_INPUT')
  })

  it('until it is deleted: then nothing is left of any version, nor of what tools were asked', async () => {
    const conversation = await group()
    const { reply } = await desk.answered(ada, conversation, { body: 'Secret one' })
    await desk.change(ada, 'regenerateReply', reply.id)
    await desk.end(reply, { body: 'Secret two', status: 'CANCELLED' })
    const [one] = await desk.versionsOf(reply)
    await chat.fork().execute(
      `INSERT INTO chat.tool_call (conversation_id, id, generation_id, message_id, step, position, text_offset,
         provider_id, name, arguments, result, status)
       VALUES (?, ?, ?, ?, 1, 0, 0, 'call_1', 'a_tool', 'Secret three', 'Secret four', 'DONE')`,
      [conversation.id, newUuid(), one?.id, reply.id],
    )
    const secrets = () => chat.fork().execute('SELECT FROM chat.tool_call WHERE message_id = ?', [reply.id])
    expect(await secrets()).toHaveLength(1)
    expect((await talk.delete(ada, encodeId('msg', reply.id))).userErrors).toEqual([])

    expect([await desk.bodyOf(reply), ...(await desk.versionsOf(reply)).map(({ body }) => body)]).toEqual([
      '',
      null,
      null,
    ])
    expect(await secrets()).toEqual([])
    expect(await desk.change(ada, 'selectReplyVersion', reply.id, versionId(one?.id))).toBe('NOT_FOUND')
    for (const mutation of ['regenerateReply', 'continueReply'] as const) {
      expect(await desk.change(ada, mutation, reply.id)).toBe('NOT_FOUND')
    }
  })
})

describe('the summary of a conversation', () => {
  it('is forgotten with every change of what it tells of, and kept with others', async () => {
    const conversation = await group()
    const { question, reply } = await desk.answered(ada, conversation, { body: 'One', status: 'CANCELLED' })
    const [asked, answer] = [encodeId('msg', question.id), encodeId('msg', reply.id)]
    const keeps = (upTo: number, change: () => Promise<unknown>) => keepsSummary(conversation, [1, upTo], change)

    expect(await keeps(1, () => desk.change(ada, 'continueReply', reply.id))).toBe(true)
    await desk.end(reply, { body: 'One Two', status: 'CANCELLED' })
    expect(await keeps(2, () => desk.change(ada, 'continueReply', reply.id))).toBe(false)
    await desk.end(reply, { body: 'One Two' })
    expect(await keeps(1, () => desk.change(ada, 'regenerateReply', reply.id))).toBe(true)
    await desk.end(reply, { body: 'Another' })
    expect(await keeps(2, () => desk.change(ada, 'regenerateReply', reply.id))).toBe(false)
    await desk.end(reply, { body: 'Yet another' })
    const [one] = await desk.versionsOf(reply)
    expect(await keeps(2, () => desk.change(ada, 'selectReplyVersion', reply.id, versionId(one?.id)))).toBe(false)
    expect(await keeps(1, () => talk.edit(ada, asked, '@assistant, how?'))).toBe(false)
    expect(await keeps(1, () => talk.edit(ada, asked, '@assistant, how?'))).toBe(true)
    expect(await keeps(1, () => talk.delete(ada, answer))).toBe(true)
    expect(await keepsSummary(conversation, [2, 2], () => talk.edit(ada, asked, '@assistant, where?'))).toBe(true)
    expect(await keeps(2, () => talk.delete(ada, asked))).toBe(false)
  })
})

describe('a question that is changed', () => {
  it('is answered anew when its author wants it so', async () => {
    const { question, reply } = await desk.answered(grace, await group(), { body: 'Because.' })
    const anew = { body: '@assistant, how?', regenerate: true }
    expect(await desk.change(grace, 'editMessage', question.id, anew)).toBe('ok')
    expect(await desk.bodyOf(question)).toBe('@assistant, how?')
    expect(await desk.versionsOf(reply)).toMatchObject([
      { isSelected: false, body: 'Because.' },
      { isSelected: true, status: 'QUEUED', requestedBy: grace },
    ])
    expect(await desk.eventsOf(reply)).toEqual(['MessageAdded', 'MessageEdited'])
    expect(await desk.change(grace, 'editMessage', question.id, anew), 'the same again').toBe('ok')
    expect(await desk.versionsOf(reply)).toHaveLength(2)
  })

  it('stays as it was when it cannot be answered anew', async () => {
    const conversation = await group()
    const { question, reply } = await desk.ask(grace, conversation)
    const anew = { body: '@assistant, how?', regenerate: true }
    const unanswered = await chat.services.messages.send(chat.fork(), grace, conversation, {
      body: 'Hello',
      clientId: newUuid(),
    })
    expect(await desk.change(grace, 'editMessage', question.id, anew)).toBe('REPLY_RUNNING')
    expect(await desk.change(grace, 'editMessage', unanswered.message.id, anew)).toBe('BAD_USER_INPUT')
    await desk.end(reply, { body: 'Because.' })
    await talk.delete(grace, encodeId('msg', reply.id))
    expect(await desk.change(grace, 'editMessage', question.id, anew)).toBe('BAD_USER_INPUT')

    expect([await desk.bodyOf(question), await desk.bodyOf(unanswered.message)]).toEqual(['@assistant, why?', 'Hello'])
    expect(await desk.eventsOf(question)).toEqual(['MessageAdded'])
  })
})
