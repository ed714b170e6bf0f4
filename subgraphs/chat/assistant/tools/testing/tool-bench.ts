import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { encodeId } from '../../../../../platform/ids.ts'
import { createLogger } from '../../../../../platform/logging.ts'
import type { Conversation } from '../../../conversation/conversation.entity.ts'
import type { ChatFixture } from '../../../testing/chat-fixture.ts'
import type { BegunClaim } from '../../generation/claim.ts'
import { addText, claimReply, FREE } from '../../generation/testing/claims.ts'
import { Models } from '../../model/models.ts'
import { defineTool, type Tool, type ToolContext } from '../tool.ts'
import { ToolSteps } from '../tool-steps.ts'
import { createTools } from '../tools.ts'

/** A call as clients see it. */
export interface SeenCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
  readonly result: string | null
  readonly status: string
}

/** What a tool of a test does with what it is told. */
export type Act = (text: string, context: ToolContext) => string | Promise<string>

/** A tool that says what its test wants it to say. */
export function testTool(
  name: string,
  act: Act,
  how: Partial<Pick<Tool, 'needsApproval' | 'isIdempotent'>> = {},
): Tool {
  return defineTool({
    ...{ name, description: 'Of a test.', needsApproval: false, isIdempotent: true, ...how },
    arguments: z.strictObject({ text: z.string() }),
    run: async ({ text }, context) => act(text, context),
  })
}

export interface ToolBenchOptions {
  /** How long a tool may take, in milliseconds. */
  readonly longestRunMs?: number
  /** Whether the model is offered the tools; it calls them in any case. */
  readonly isOffered?: boolean
}

/** Replies of the fixture whose model calls tools, without a worker: the test is the worker. */
export class ToolBench {
  readonly steps: ToolSteps
  /** What the log was told, an error each. */
  readonly warnings: unknown[] = []
  readonly #chat: ChatFixture

  constructor(chat: ChatFixture, tools: readonly Tool[], { longestRunMs, isOffered = true }: ToolBenchOptions = {}) {
    this.#chat = chat
    const { fork, bus } = chat
    const models = new Models([{ id: chat.models.defaultModel, tools: isOffered }], false)
    const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
    logger.warn = ({ err }: { err: unknown }) => void this.warnings.push(err)
    this.steps = new ToolSteps({ fork, bus, models, ledger: FREE, tools: createTools(tools), logger, longestRunMs })
  }

  /** A reply to the fixture's viewer that a worker has taken, and has written this to. */
  async begin(text = '', conversation?: Conversation): Promise<BegunClaim> {
    const { fork, services, viewerId } = this.#chat
    await this.clear()
    const talk = conversation ?? (await this.#chat.converse())
    await services.messages.send(fork(), viewerId, talk, { body: '@assistant, do it.', clientId: randomUUID() })
    const claim = await this.claim()
    if (text !== '') await addText(fork(), claim, { offset: 0, text })
    return claim
  }

  /** Takes the reply as the next worker does. */
  async claim(): Promise<BegunClaim> {
    const claim = await claimReply(this.#chat.fork())
    if (!claim) throw new Error('There is no reply that could be taken.')
    return claim
  }

  /** Whether no worker may take any reply. */
  async isNothingToDo(): Promise<boolean> {
    return (await claimReply(this.#chat.fork())) === null
  }

  /** Ends what is under way, so that the next reply taken is the one that is meant. */
  async clear(): Promise<void> {
    await this.#chat
      .fork()
      .execute(`UPDATE chat.generation SET status = 'FAILED' WHERE status IN ('QUEUED', 'RUNNING')`)
  }

  /** The worker is gone, and its lease runs out. */
  async lose({ conversationId }: BegunClaim): Promise<void> {
    await this.#chat
      .fork()
      .execute(`UPDATE chat.generation SET lease_until = now() - interval '1 ms' WHERE conversation_id = ?`, [
        conversationId,
      ])
  }

  /** Has the model call these; texts are the arguments of test tools. */
  take(
    claim: BegunClaim,
    calls: readonly (readonly [tool: string, text: string])[],
    signal = new AbortController().signal,
  ) {
    const requested = calls.map(([name, text], index) => ({
      ...{ id: `call_${index}`, name, arguments: JSON.stringify({ text }) },
    }))
    return this.steps.take(claim, { calls: requested }, { signal })
  }

  resume(claim: BegunClaim) {
    return this.steps.resume(claim, new AbortController().signal)
  }

  /** The calls of the reply as the fixture's viewer sees them. */
  async seen({ conversationId, messageId }: BegunClaim): Promise<SeenCall[]> {
    const { data } = await this.#chat.run(
      this.#chat.viewerId,
      `query ($id: ID!) { conversation(id: $id) { messages(last: 100) { nodes {
        id toolCalls { id name arguments result status } } } } }`,
      { id: encodeId('cnv', conversationId) },
    )
    const { nodes } = (data as { conversation: { messages: { nodes: { id: string; toolCalls: SeenCall[] }[] } } })
      .conversation.messages
    return nodes.find(({ id }) => id === encodeId('msg', messageId))?.toolCalls ?? []
  }
}
