/** The bus topic that rings when a reply waits for a worker. */
export const REPLY_QUEUED = 'reply-queued'

/** The bus topic that rings when somebody has ended a reply; it carries the generation's UUID. */
export const REPLY_STOPPED = 'reply-stopped'
