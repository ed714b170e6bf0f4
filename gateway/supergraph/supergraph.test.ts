import { expect, it } from 'vitest'
import { ConfigurationError } from '../../platform/environment.ts'
import { compose, ToySubgraph } from '../testing/toy-subgraph.ts'
import { buildSupergraph } from './supergraph.ts'

function build(names: readonly string[], urls: Readonly<Record<string, string>>) {
  const subgraphs = names.map((name, index) => new ToySubgraph(name, `type Query { field${index}: Int }`, {}))
  return buildSupergraph(compose(subgraphs), 'supergraph.graphql', urls)
}

it('an address takes the place of the one that the supergraph has for that subgraph', () => {
  const { subgraphs } = build(['chat-eu', 'users'], { CHAT_EU: 'https://chat.example/graphql' })
  expect(subgraphs).toContainEqual({ name: 'chat-eu', url: 'https://chat.example/graphql' })
  expect(subgraphs).toHaveLength(2)
})

it.each(['ftp://chat.example/graphql', 'mailto:chat@example.org', 'chat.example'])(
  'the address %s is refused, and the variable named that gives another',
  (url) => {
    const building = () => build(['chat'], { CHAT: url })
    expect(building).toThrow(ConfigurationError)
    expect(building).toThrow(/^SUBGRAPH_URL_CHAT: /)
  },
)

it('one address for two subgraphs whose names come to the same variable is refused', () => {
  expect(() => build(['chat-eu', 'Chat_EU'], { CHAT_EU: 'http://chat.example/graphql' })).toThrow(
    'SUBGRAPH_URL_CHAT_EU: it is the variable of several subgraphs, Chat_EU and chat-eu; give one of them another name.',
  )
  expect(build(['chat-eu', 'Chat_EU'], {}).subgraphs).toHaveLength(2)
})
