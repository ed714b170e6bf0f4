import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import type { Message } from '../../message/message.entity.ts'
import type { ToolDefinition } from '../model/model-request.ts'

/** For whom and where a tool is run. */
export interface ToolContext {
  /** The UUID of whoever asked for the reply: a tool sees and does what they may. */
  readonly viewerId: string
  readonly conversation: Pick<Conversation, 'id' | 'kind'>
  /** The UUID of the message that the reply answers; null when it is gone. */
  readonly questionId: string | null
  /** Of this run alone. */
  readonly em: EntityManager
  /** Aborts when the time is over, or nobody waits for the result any more. */
  readonly signal: AbortSignal
}

/** A message as a tool has read it. */
export type QuotedMessage = Pick<Message, 'conversationId' | 'number' | 'id' | 'editedAt'>

/** A result with words of messages in it: nobody reads it any more once one of them was changed or deleted. */
export interface Quotation {
  readonly text: string
  readonly quotes: readonly QuotedMessage[]
}

/** Something that the assistant can have done while it writes a reply. */
export interface Tool extends ToolDefinition {
  /** Whether whoever asked for the reply is asked before it is run. */
  readonly needsApproval: boolean
  /** Whether running it twice is no worse than once. If not, a reply whose worker was lost meanwhile is interrupted. */
  readonly isIdempotent: boolean
  /**
   * Runs it.
   *
   * @param args what the model gave, any JSON.
   * @returns what the model is told; a quotation when it repeats what messages say.
   * @throws ToolFailure with words for the model; whatever else, of which the model hears nothing.
   */
  run(args: unknown, context: ToolContext): Promise<string | Quotation>
}

/** A tool could not do what the model asked for; the words are for the model, and shown to people. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
}

/** A tool as it is written: with a schema of what it is given. */
interface ToolSource<Args> extends Pick<Tool, 'name' | 'description' | 'needsApproval' | 'isIdempotent'> {
  readonly arguments: z.ZodType<Args>
  run(args: Args, context: ToolContext): Promise<string | Quotation>
}

/** A tool whose arguments are described to the model, and checked, by one schema. */
export function defineTool<Args>({ arguments: schema, run, ...tool }: ToolSource<Args>): Tool {
  // Servers that check what they are given know no `$schema` there.
  const { $schema: _, ...parameters } = z.toJSONSchema(schema, { io: 'input' })
  return {
    ...{ ...tool, parameters },
    async run(args, context) {
      const read = schema.safeParse(args)
      if (!read.success) throw new ToolFailure(`The arguments do not fit: ${z.prettifyError(read.error)}`)
      return run(read.data, context)
    },
  }
}
