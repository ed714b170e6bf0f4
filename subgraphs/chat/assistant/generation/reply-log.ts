import type { LogScope } from '../../../../platform/log-scope.ts'
import type { Logger } from '../../../../platform/logging.ts'
import type { Origin } from '../../../../platform/origin.ts'
import type { ReplyReport } from './ending.ts'
import type { Claim } from './generation-lease.ts'

/** A reply, and which request has asked for it. */
type AskedFor = Pick<Claim, 'id'> & { readonly origin: Origin }

/** What every line says that is logged while this reply is being written. */
export function scopeOf({ id, origin }: AskedFor): LogScope {
  return { requestId: origin.requestId ?? undefined, generation: id }
}

/**
 * One line for each reply that a worker has ended: ids and figures, never text.
 *
 * @param tookMs how long this worker had it; not given when none had.
 */
export function logEnding(logger: Logger, asked: AskedFor, report: ReplyReport, tookMs?: number): void {
  const { id: generation, conversationId: conversation, messageId: message, code, ...figures } = report
  const line = { ...scopeOf(asked), generation, conversation, message, ...figures, ...(code && { code }) }
  logger.info({ ...line, ...(tookMs !== undefined && { tookMs: Math.round(tookMs) }) }, 'a reply has ended')
}
