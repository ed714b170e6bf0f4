import { type ChatMutation, mutationDocument } from './mutations.ts'
import type { Person } from './people.ts'

/** Changes something in a conversation, as this person; throws when it was not changed. */
export async function make(person: Person, mutation: ChatMutation, input: Record<string, unknown>): Promise<void> {
  const document = mutationDocument(mutation, 'userErrors { code message path }')
  const { answer } = await person.client.run<{ answer: { userErrors: unknown[] } }>(document, { input })
  if (answer.userErrors.length > 0) throw new Error(`${mutation} failed: ${JSON.stringify(answer.userErrors)}`)
}
