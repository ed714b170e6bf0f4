import { defineEntity, p } from '@mikro-orm/core'

const MessageEditSchema = defineEntity({
  name: 'MessageEdit',
  schema: 'chat',
  tableName: 'message_edit',
  properties: {
    conversationId: p.uuid().primary(),
    number: p.integer().primary(),
    /** From 1. */
    version: p.integer().primary(),
    body: p.text(),
    /** When this body was replaced. */
    editedAt: p.datetime(3),
  },
})

/** What a message said before it was changed. */
export class MessageEdit extends MessageEditSchema.class {}
MessageEditSchema.setClass(MessageEdit)
