import { defineEntity, p } from '@mikro-orm/core'

const MessageSchema = defineEntity({
  name: 'Message',
  schema: 'chat',
  tableName: 'message',
  properties: {
    conversationId: p.uuid().primary(),
    /** Gapless in its conversation, from 1. */
    number: p.integer().primary(),
    id: p.uuid(),
    role: p.enum(['USER', 'ASSISTANT'] as const),
    /** Null for the assistant, and once the author's account was deleted. */
    authorId: p.uuid().nullable(),
    clientId: p.uuid().nullable(),
    /** The message that a reply answers. */
    answersId: p.uuid().nullable(),
    /** A reply's stays empty until it has ended; meanwhile its text lies in chunks. */
    body: p.text(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})

/** Something said in a conversation. */
export class Message extends MessageSchema.class {}
MessageSchema.setClass(Message)
