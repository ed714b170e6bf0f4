import { UserFault } from '../../../../platform/user-fault.ts'
import type { ConversationChange } from '../../conversation/conversation-change.ts'
import type { Message } from '../../message/message.entity.ts'
import { replyRunning } from '../../message/reply-running.ts'
import type { Ledger } from '../usage/ledger.ts'
import { isAtWork, readVersions, storeVersion } from './reply-versions.ts'
import { retractSummary } from './retract.ts'

const MOST_VERSIONS = 20

/**
 * Asks for another version of a reply, at the viewer's cost, and shows it: within the change, whose maker has judged the
 * rights.
 *
 * @param options.path the input field at fault.
 * @throws UserFault REPLY_RUNNING, BAD_USER_INPUT (a 21st version), QUOTA_EXCEEDED
 */
export async function addVersion(
  change: ConversationChange,
  reply: Message,
  { ledger, model, path }: { ledger: Ledger; model: string; path: readonly string[] },
): Promise<void> {
  const { em, viewer } = change
  const versions = await readVersions(em, reply)
  if (versions.some(isAtWork)) throw replyRunning(path)
  if (versions.length >= MOST_VERSIONS) {
    const words = `A reply has ${MOST_VERSIONS} versions at most; choose one of them, or ask in a new message.`
    throw new UserFault('BAD_USER_INPUT', words, path)
  }
  await requireQuota(change, ledger, path)
  const attempt = Math.max(0, ...versions.map((version) => version.attempt))
  await storeVersion(em, reply, { model, requestedBy: viewer.userId, attempt })
  await retractSummary(em, reply)
  change.record({ kind: 'MessageEdited', messageId: reply.id })
}

/**
 * Lets the viewer have one more reply under way.
 *
 * @throws UserFault QUOTA_EXCEEDED
 */
export async function requireQuota(
  { em, viewer }: ConversationChange,
  ledger: Ledger,
  path: readonly string[],
): Promise<void> {
  if (await ledger.admits(em, viewer.userId)) return
  const words = 'Your tokens of the day are used up, or too many of your replies are being written; try again later.'
  throw new UserFault('QUOTA_EXCEEDED', words, path)
}
