import { defineEntity, p } from '@mikro-orm/core'

const GenerationSchema = defineEntity({
  name: 'Generation',
  schema: 'chat',
  tableName: 'generation',
  properties: {
    conversationId: p.uuid().primary(),
    id: p.uuid().primary(),
    messageId: p.uuid(),
    status: p.enum(['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED'] as const).default('QUEUED'),
    model: p.text(),
    /** Fences a worker: only the one that holds the current attempt may write. */
    attempt: p.integer().default(0),
    /** How many workers died of it, or left it without a word. */
    lostWorkers: p.integer().default(0),
    /** Null while nobody works on it. */
    leaseUntil: p.datetime().nullable(),
    textLength: p.integer().default(0),
    omittedMessages: p.integer().default(0),
    inputTokens: p.integer().nullable(),
    outputTokens: p.integer().nullable(),
    usageIsEstimated: p.boolean().nullable(),
    errorCode: p.text().nullable(),
    errorMessage: p.text().nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    startedAt: p.datetime(3).nullable(),
    firstTokenAt: p.datetime(3).nullable(),
    finishedAt: p.datetime(3).nullable(),
  },
})

/** The making of one reply: a durable job that outlives the process that works on it. */
export class Generation extends GenerationSchema.class {}
GenerationSchema.setClass(Generation)
