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
    role: p.enum(['USER', 'ASSISTANT', 'SYSTEM'] as const),
    /** Null for the assistant, and once the author's account was deleted. */
    authorId: p.uuid().nullable(),
    clientId: p.uuid().nullable(),
    /** The message that a reply answers. */
    answersId: p.uuid().nullable(),
    /** The number of the message that this one replies to, in the same conversation. */
    replyTo: p.integer().nullable(),
    /** A reply of the assistant stays empty until it has ended; meanwhile its text lies in chunks. Empty once deleted. */
    body: p.text(),
    /** SHA-256 of what was sent: tells a repeated send from another one with the same client id, also after an edit. */
    requestDigest: p.blob().nullable(),
    /** Whom it mentions is still to be asked of auth, which was away. */
    mentionsPending: p.boolean().default(false),
    createdAt: p.datetime(3).defaultRaw('now()'),
    editedAt: p.datetime(3).nullable(),
    deletedAt: p.datetime(3).nullable(),
  },
})

/** Something said in a conversation. */
export class Message extends MessageSchema.class {}
MessageSchema.setClass(Message)
