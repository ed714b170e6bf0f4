import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { buildPrompt } from './prompt.ts'

const PLENTY = 1_000_000
const settings = { model: 'a-model' }

describe('what a model is told', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** Says these things, of which the last asks for a reply, and returns that reply. */
  async function talk(...bodies: string[]) {
    const conversation = await chat.converse('GROUP')
    for (const body of bodies.slice(0, -1)) await chat.say(conversation, body)
    const { reply } = await chat.say(conversation, `@assistant ${bodies.at(-1)}`)
    if (!reply) throw new Error('Nobody asked for a reply.')
    return reply
  }

  it('is everything before the reply, oldest first, and nothing after it', async () => {
    const reply = await talk('One', 'Two', 'three?')

    expect(await buildPrompt(chat.fork(), reply, settings, PLENTY)).toEqual({
      turns: [
        { role: 'user', content: 'One' },
        { role: 'user', content: 'Two' },
        { role: 'user', content: '@assistant three?' },
      ],
      omittedMessages: 0,
    })
  })

  it('leaves the oldest out when they no longer fit, and says how many', async () => {
    const reply = await talk('x'.repeat(400), 'y'.repeat(40), 'z')

    const { turns, omittedMessages } = await buildPrompt(chat.fork(), reply, settings, 13)
    expect(turns.map(({ content }) => content)).toEqual(['y'.repeat(40), '@assistant z'])
    expect(omittedMessages).toBe(1)
  })

  it('counts the system prompt against the same budget, and always holds it and the question', async () => {
    const reply = await talk('earlier', 'z'.repeat(100))
    const withSystem = { ...settings, systemPrompt: 's'.repeat(100) }

    const { turns, omittedMessages } = await buildPrompt(chat.fork(), reply, withSystem, 1)
    expect(turns.map(({ role }) => role)).toEqual(['system', 'user'])
    expect(omittedMessages).toBe(1)
  })

  it('holds replies as the assistant’s own words, except those that are still empty', async () => {
    const conversation = await chat.converse()
    const { reply: earlier } = await chat.say(conversation, 'One')
    const { reply } = await chat.say(conversation, 'Two')
    if (!earlier || !reply) throw new Error('Nobody asked for a reply.')
    const rolesNow = async () =>
      (await buildPrompt(chat.fork(), reply, settings, PLENTY)).turns.map(({ role, content }) => `${role}: ${content}`)

    expect(await rolesNow()).toEqual(['user: One', 'user: Two'])
    await chat.fork().execute(`UPDATE chat.message SET body = 'Answer' WHERE id = ?`, [earlier.id])
    expect(await rolesNow()).toEqual(['user: One', 'assistant: Answer', 'user: Two'])
  })
})
