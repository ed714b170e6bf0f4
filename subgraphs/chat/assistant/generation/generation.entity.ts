import { defineEntity, p } from '@mikro-orm/core'

const GenerationSchema = defineEntity({
  name: 'Generation',
  schema: 'chat',
  tableName: 'generation',
  properties: {
    conversationId: p.uuid().primary(),
    id: p.uuid().primary(),
    messageId: p.uuid(),
    status: p.enum(['QUEUED', 'RUNNING', 'COMPLETED', 'CANCELLED', 'FAILED', 'INTERRUPTED'] as const).default('QUEUED'),
    model: p.text(),
    /** Who asked for it and pays; null once their account was deleted. */
    requestedBy: p.uuid().nullable(),
    /** Whether it is the version that the message shows. */
    isSelected: p.boolean().default(true),
    /** The text of a version that has ended and is not selected; the selected one's is the message's body. */
    body: p.text().nullable(),
    /** Fences a worker: only the one that holds the current attempt may write. Rises over all generations of a message. */
    attempt: p.integer().default(0),
    /** The attempt of the generation before; attempts up to it wrote another text. */
    baseAttempt: p.integer().default(0),
    /** Text up to here is the same in all attempts of this generation; null while there was only one. */
    keptLength: p.integer().nullable(),
    /** How much text there was when tools were last called, or somebody had it gone on with: every attempt keeps that. */
    stepLength: p.integer().default(0),
    /** Whether the next attempt goes on with the text because somebody wants it to. */
    continues: p.boolean().default(false),
    /** Whether it waits for the approval of a tool call; no worker takes it then. */
    isParked: p.boolean().default(false),
    /** How many workers died of it, or left it without a word. */
    lostWorkers: p.integer().default(0),
    /** Null while nobody works on it. */
    leaseUntil: p.datetime().nullable(),
    textLength: p.integer().default(0),
    /** Why the model ended; null when it did not. */
    finishReason: p.enum(['stop', 'length'] as const).nullable(),
    /** Which endpoint answered, by its name. */
    endpoint: p.text().nullable(),
    omittedMessages: p.integer().default(0),
    summarisedMessages: p.integer().default(0),
    /** What all calls of the model together have cost so far. */
    inputTokens: p.integer().nullable(),
    outputTokens: p.integer().nullable(),
    usageIsEstimated: p.boolean().nullable(),
    /** What the model reads in the call under way, as counted here; null when none is. */
    promptTokens: p.integer().nullable(),
    /** Text up to here is in `outputTokens`. */
    accountedLength: p.integer().default(0),
    errorCode: p.text().nullable(),
    errorMessage: p.text().nullable(),
    /** The request that asked for it last; null when none did, or its asker's account was deleted. */
    requestId: p.text().nullable(),
    /** The span that asked for it last (W3C Trace Context); null when nothing was recorded. */
    traceparent: p.text().nullable().fieldName('trace_parent'),
    /** When it last began to wait for a worker, but for one whose worker was lost: that waits since its lease ran out. */
    waitingSince: p.datetime(3).defaultRaw('now()'),
    createdAt: p.datetime(3).defaultRaw('now()'),
    startedAt: p.datetime(3).nullable(),
    firstTokenAt: p.datetime(3).nullable(),
    finishedAt: p.datetime(3).nullable(),
  },
})

/** The making of one version of a reply: a durable job that outlives the process that works on it. */
export class Generation extends GenerationSchema.class {}
GenerationSchema.setClass(Generation)
