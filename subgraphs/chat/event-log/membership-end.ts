/**
 * The bus topic that tells who is no longer a member of a conversation, by their UUID: for what is known of members in
 * memory alone. Like everything on the bus it may be lost; what counts is in the log.
 */
export const membershipEndsOf = (conversationId: string) => `membership-ends/${conversationId}`
