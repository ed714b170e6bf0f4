import { afterAll, beforeAll, expect, it } from 'vitest'
import { encodeId } from '../../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { ReplyDesk } from './testing/reply-desk.ts'

let chat: ChatFixture
let desk: ReplyDesk
beforeAll(async () => {
  chat = await openChatFixture()
  desk = new ReplyDesk(chat)
})
afterAll(() => chat[Symbol.asyncDispose]())

const SEEN = `message {
  body
  generation { status text }
  versions { body isSelected generation { status } }
}`

it('each mutation of one operation answers with what is true after it', async () => {
  const { reply } = await desk.answered(chat.viewerId, await chat.converse(), { body: 'Half', status: 'CANCELLED' })
  const input = `(input: { messageId: "${encodeId('msg', reply.id)}" })`
  const [first] = await desk.versionsOf(reply)
  const choice = `messageId: "${encodeId('msg', reply.id)}", versionId: "${encodeId('ver', first?.id ?? '')}"`
  const { data, errors } = await chat.run(
    chat.viewerId,
    `mutation {
       m0: continueReply${input} { ${SEEN} }
       m1: cancelReply${input} { ${SEEN} }
       m2: regenerateReply${input} { ${SEEN} }
       m3: cancelReply${input} { ${SEEN} }
       m4: selectReplyVersion(input: { ${choice} }) { ${SEEN} }
       m5: deleteMessage${input} { ${SEEN} }
     }`,
  )
  expect(errors).toBeUndefined()

  const version = (body: string, status: string, isSelected: boolean) => ({ body, isSelected, generation: { status } })
  const shown = (body: string, status: string) => ({ body, generation: { status, text: body } })
  expect(data).toMatchObject({
    m0: { message: { ...shown('Half', 'QUEUED'), versions: [version('Half', 'QUEUED', true)] } },
    m1: { message: { ...shown('Half', 'CANCELLED'), versions: [version('Half', 'CANCELLED', true)] } },
    m2: {
      message: {
        ...shown('', 'QUEUED'),
        versions: [version('Half', 'CANCELLED', false), version('', 'QUEUED', true)],
      },
    },
    m3: { message: shown('', 'CANCELLED') },
    m4: {
      message: {
        ...shown('Half', 'CANCELLED'),
        versions: [version('Half', 'CANCELLED', true), version('', 'CANCELLED', false)],
      },
    },
    m5: { message: { ...shown('', 'CANCELLED'), versions: [] } },
  })
})
