import { defineEntity, p } from '@mikro-orm/core'

/** How the assistant answers in a conversation; what is not set falls back to the model's own. */
export interface AssistantSettings {
  model: string
  systemPrompt?: string
  temperature?: number
  maxOutputTokens?: number
}

const ConversationSchema = defineEntity({
  name: 'Conversation',
  schema: 'chat',
  tableName: 'conversation',
  properties: {
    id: p.uuid().primary(),
    kind: p.enum(['ASSISTANT', 'DIRECT', 'GROUP', 'CHANNEL'] as const),
    title: p.text().nullable(),
    topic: p.text().nullable(),
    assistant: p.json<AssistantSettings>().nullable(),
    /** Names this run of the event log: a cursor of another run cannot be honoured. */
    epoch: p.uuid(),
    eventSeq: p.integer().default(0),
    /** Events up to this one are pruned. */
    eventFloor: p.integer().default(0),
    messageCount: p.integer().default(0),
    memberCount: p.integer(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    lastActivityAt: p.datetime(3).defaultRaw('now()'),
    /** From then on nobody sees it; its rows go a little later. */
    deletedAt: p.datetime(3).nullable(),
  },
})

/** A place where people, or a person and the assistant, write to one another. */
export class Conversation extends ConversationSchema.class {}
ConversationSchema.setClass(Conversation)
