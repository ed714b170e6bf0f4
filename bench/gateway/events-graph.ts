/** A graph with a subscription whose events need one fetch of another subgraph. */
import { composeServices } from '@apollo/composition'
import { parse } from 'graphql'

/** An event names its author; what they are called another subgraph knows. */
export const WATCH =
  'subscription Watch($room: ID!) { messageAdded(room: $room) { id body author { id displayName } } }'

const CHAT = `type Query { rooms: [ID!]! }
type Subscription { messageAdded(room: ID!): Message! }
type Message { id: ID! body: String! author: User! }
type User @key(fields: "id", resolvable: false) { id: ID! }`
const AUTH = `type Query { me: User }
type User @key(fields: "id") { id: ID! displayName: String! }`
const FEDERATION_2 = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n'

/** The supergraph's SDL. */
export function eventsSupergraph(urls: { readonly chat: string; readonly auth: string }): string {
  const { supergraphSdl, errors } = composeServices([
    { name: 'auth', url: urls.auth, typeDefs: parse(FEDERATION_2 + AUTH) },
    { name: 'chat', url: urls.chat, typeDefs: parse(FEDERATION_2 + CHAT) },
  ])
  if (supergraphSdl === undefined) throw new Error(`The subgraphs do not compose: ${errors?.join('\n')}`)
  return supergraphSdl
}
