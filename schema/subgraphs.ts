/** What composition and code generation need to know of a subgraph. */
export type Subgraph = {
  readonly name: string
  /** The address written into the supergraph; a deployment overrides it with `SUBGRAPH_URL_<NAME>`. */
  readonly url: string
  readonly schemaPath: string
  readonly resolverTypesPath: string
  /** The resolvers' context, as `module#Type` relative to the generated file. */
  readonly context: string
  /** GraphQL types whose resolvers receive an entity instead of the plain GraphQL shape. */
  readonly entities: Readonly<Record<string, string>>
}

export const subgraphs: readonly Subgraph[] = [
  {
    name: 'auth',
    url: 'http://127.0.0.1:4001/graphql',
    schemaPath: 'schema/auth.graphql',
    resolverTypesPath: 'subgraphs/auth/resolvers.generated.ts',
    context: './context.ts#AuthContext',
    entities: {
      User: './account/user.entity.ts#User',
      Session: './session/session.entity.ts#Session',
      AuditEvent: './audit/audit-event.entity.ts#AuditEvent',
      UserConnection: './account/user-list.ts#UserPage',
    },
  },
  {
    name: 'chat',
    url: 'http://127.0.0.1:4002/graphql',
    schemaPath: 'schema/chat.graphql',
    resolverTypesPath: 'subgraphs/chat/resolvers.generated.ts',
    context: './context.ts#ChatContext',
    entities: {
      Conversation: './conversation/conversation.entity.ts#Conversation',
      Message: './message/message.entity.ts#Message',
      Generation: './assistant/generation/generation.loader.ts#VersionFacts',
      ReplyVersion: './assistant/generation/generation.loader.ts#VersionFacts',
      ToolCall: './assistant/tools/tool-call.entity.ts#ToolCall',
      Member: './conversation/member.entity.ts#Member',
      User: './conversation/user-reference.ts#UserReference',
      MessageAdded: './event-log/durable-event.ts#MessageEvent',
      MessageEdited: './event-log/durable-event.ts#MessageEvent',
      MessageDeleted: './event-log/durable-event.ts#MessageEvent',
      ReactionsChanged: './event-log/durable-event.ts#MessageEvent',
      ReplyStarted: './event-log/durable-event.ts#MessageEvent',
      ReplyFinished: './event-log/durable-event.ts#MessageEvent',
      MemberAdded: './event-log/durable-event.ts#MemberEvent',
      MemberRemoved: './event-log/durable-event.ts#MemberEvent',
      MemberRoleChanged: './event-log/durable-event.ts#MemberEvent',
      ConversationUpdated: './event-log/durable-event.ts#ConversationEvent',
      ConversationDeleted: './event-log/durable-event.ts#ConversationEvent',
      InboxConversationChanged: './inbox/inbox-stream.ts#InboxItem',
      InboxConversationRemoved: './inbox/inbox-stream.ts#InboxItem',
      PresenceChange: './presence/presence-stream.ts#PresenceItem',
      ReplyEnded: './assistant/text/reply-stream.ts#ReplyEnded',
    },
  },
]
