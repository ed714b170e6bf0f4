import type { Person } from './people.ts'

const DOCUMENTS = {
  updateConversation: change('updateConversation', 'UpdateConversationInput'),
  deleteConversation: change('deleteConversation', 'ConversationIdInput'),
  joinChannel: change('joinChannel', 'ConversationIdInput'),
  leaveConversation: change('leaveConversation', 'ConversationIdInput'),
  addMembers: change('addMembers', 'AddMembersInput'),
  removeMember: change('removeMember', 'RemoveMemberInput'),
  setMemberRole: change('setMemberRole', 'SetMemberRoleInput'),
  editMessage: change('editMessage', 'EditMessageInput'),
  deleteMessage: change('deleteMessage', 'MessageIdInput'),
  addReaction: change('addReaction', 'ReactionInput'),
  markRead: change('markRead', 'MarkReadInput'),
  setTyping: change('setTyping', 'SetTypingInput'),
}

/** Changes something in a conversation, as this person; throws when it was not changed. */
export async function make(
  person: Person,
  mutation: keyof typeof DOCUMENTS,
  input: Record<string, unknown>,
): Promise<void> {
  const data = await person.client.run<Record<string, { userErrors: unknown[] }>>(DOCUMENTS[mutation], { input })
  const userErrors = data[mutation]?.userErrors
  if (userErrors?.length !== 0) throw new Error(`${mutation} failed: ${JSON.stringify(userErrors)}`)
}

function change(mutation: string, type: string): string {
  return `mutation Change($input: ${type}!) { ${mutation}(input: $input) { userErrors { code message path } } }`
}
