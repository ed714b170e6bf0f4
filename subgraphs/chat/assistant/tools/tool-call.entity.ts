import { defineEntity, p } from '@mikro-orm/core'

const ToolCallSchema = defineEntity({
  name: 'ToolCall',
  schema: 'chat',
  tableName: 'tool_call',
  properties: {
    conversationId: p.uuid().primary(),
    id: p.uuid().primary(),
    generationId: p.uuid(),
    messageId: p.uuid(),
    /** Which answer of the model it was part of, from 1. */
    step: p.integer(),
    /** Its place in that answer, from 0. */
    position: p.integer(),
    /** How much of the reply's text had been written before it, in UTF-16 code units. */
    textOffset: p.integer(),
    /** The model's own name of the call. */
    providerId: p.text(),
    name: p.text(),
    /** JSON, as the model wrote it. */
    arguments: p.text(),
    result: p.text().nullable(),
    status: p.enum(['AWAITING_APPROVAL', 'RUNNING', 'DONE', 'FAILED', 'REFUSED'] as const),
    /** What the asker said; null while they have not, and where nobody asks them. */
    approved: p.boolean().nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    /** When a worker began to run it, or was about to: from then on it may have been done. */
    startedAt: p.datetime(3).nullable(),
    finishedAt: p.datetime(3).nullable(),
  },
})

/** Something the model had a tool do, journaled before it is done and when it is done. */
export class ToolCall extends ToolCallSchema.class {}
ToolCallSchema.setClass(ToolCall)
