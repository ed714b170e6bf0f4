import { readFileSync } from 'node:fs'
import { Kind, parse, print } from 'graphql'
import type { Mutation } from '../../subgraphs/chat/resolvers.generated.ts'

/** A mutation of chat. */
export type ChatMutation = Exclude<keyof Mutation, '__typename'>

const { definitions } = parse(readFileSync(new URL('../../schema/chat.graphql', import.meta.url), 'utf8'))

/** The type of each mutation's `input`, as the contract has it. */
const inputTypes = new Map(
  definitions.flatMap((definition) =>
    definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === 'Mutation'
      ? (definition.fields ?? []).map(({ name, arguments: [input] = [] }) => [name.value, input && print(input.type)])
      : [],
  ),
)

/** The document that makes a mutation with the variable `input`; its payload is called `answer`. */
export function mutationDocument(mutation: ChatMutation, selection: string): string {
  return `mutation ($input: ${inputTypes.get(mutation)}) { answer: ${mutation}(input: $input) { ${selection} } }`
}
