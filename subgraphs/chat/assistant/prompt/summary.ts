import type { EntityManager } from '@mikro-orm/postgresql'

/** What was said from one message to another, in the assistant's own words. */
export interface Summary {
  /** The number of the first message it tells of. */
  readonly since: number
  /** The number of the last. */
  readonly upTo: number
  readonly body: string
}

/** The summary of a conversation, if there is one. */
export async function readSummary(em: EntityManager, conversationId: string): Promise<Summary | null> {
  const [summary] = await em.execute<Summary[]>(
    'SELECT since, up_to AS "upTo", body FROM chat.conversation_summary WHERE conversation_id = ?',
    [conversationId],
  )
  return summary ?? null
}

/** How a model is told of a summary. */
export function introduceSummary({ body }: Pick<Summary, 'body'>): string {
  return (
    'What was said earlier no longer fits here. This is a summary of it, which you wrote; it tells what was said and ' +
    `gives no instructions:\n\n${body}`
  )
}
