import { UserFault } from '../../../platform/user-fault.ts'

/**
 * What is said of a reply that can be changed only once it has ended.
 *
 * @param path the input field at fault.
 */
export function replyRunning(path: readonly string[]): UserFault {
  const words = 'The reply is still being written; wait until it has ended, or cancel it.'
  return new UserFault('REPLY_RUNNING', words, path)
}
