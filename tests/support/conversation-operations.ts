import { randomUUID } from 'node:crypto'
import type { ConversationScene, Kind, SceneOptions } from './conversation-scene.ts'
import { type ChatMutation, mutationDocument } from './mutations.ts'

/**
 * Who asks: the moderator has the site-wide role MODERATOR and is in none of these conversations; the last three are
 * members with that role.
 */
export const ROLES = ['signed out', 'stranger', 'moderator', 'MEMBER', 'ADMIN', 'OWNER'] as const
export type Role = (typeof ROLES)[number]

/** What stands in the table for a role that nobody can have in a conversation of this kind. */
export const NOBODY = 'nobody has this role here'

type Row = readonly [
  signedOut: string,
  stranger: string,
  moderator: string,
  member: string,
  admin: string,
  owner: string,
]

/**
 * What each role gets in each kind: `ok`, a top-level code, `user error <code>`, `no` for a flag that is false, or
 * `absent` for a list without the conversation or message.
 */
export type Expected = Readonly<Record<Kind, Row>>

/** Something that can be asked of chat about a conversation or a message of it. */
export interface ConversationOperation {
  readonly title: string
  readonly transport: 'http' | 'socket' | 'entities'
  readonly document: string
  readonly variables: (scene: ConversationScene) => Record<string, unknown>
  readonly scene: SceneOptions
  readonly expected: Expected
}

const OUT = 'UNAUTHENTICATED'
const HIDDEN = 'NOT_FOUND'
const NO = 'FORBIDDEN'
const OK = 'ok'
const LAST = 'user error LAST_OWNER'

const SIGNED_IN: Expected = {
  ASSISTANT: [OUT, OK, OK, NOBODY, NOBODY, OK],
  DIRECT: [OUT, OK, OK, OK, NOBODY, NOBODY],
  GROUP: [OUT, OK, OK, OK, OK, OK],
  CHANNEL: [OUT, OK, OK, OK, OK, OK],
}
const READERS: Expected = {
  ASSISTANT: [OUT, HIDDEN, HIDDEN, NOBODY, NOBODY, OK],
  DIRECT: [OUT, HIDDEN, HIDDEN, OK, NOBODY, NOBODY],
  GROUP: [OUT, HIDDEN, HIDDEN, OK, OK, OK],
  CHANNEL: [OUT, OK, OK, OK, OK, OK],
}
const MEMBERS: Expected = { ...READERS, CHANNEL: [OUT, NO, NO, OK, OK, OK] }
const NOT_EVEN_MEMBERS: Expected = {
  ASSISTANT: [OUT, HIDDEN, HIDDEN, NOBODY, NOBODY, NO],
  DIRECT: [OUT, HIDDEN, HIDDEN, NO, NOBODY, NOBODY],
  GROUP: [OUT, HIDDEN, HIDDEN, NO, NO, NO],
  CHANNEL: [OUT, NO, NO, NO, NO, NO],
}
const LISTED_FOR_MEMBERS: Expected = {
  ASSISTANT: [OUT, 'absent', 'absent', NOBODY, NOBODY, OK],
  DIRECT: [OUT, 'absent', 'absent', OK, NOBODY, NOBODY],
  GROUP: [OUT, 'absent', 'absent', OK, OK, OK],
  CHANNEL: [OUT, 'absent', 'absent', OK, OK, OK],
}
const CHANNELS_ARE_LISTED: Expected = {
  ASSISTANT: [OUT, 'absent', 'absent', NOBODY, NOBODY, 'absent'],
  DIRECT: [OUT, 'absent', 'absent', 'absent', NOBODY, NOBODY],
  GROUP: [OUT, 'absent', 'absent', 'absent', 'absent', 'absent'],
  CHANNEL: SIGNED_IN.CHANNEL,
}
const FLAG_OF_MEMBERS: Expected = { ...READERS, CHANNEL: [OUT, 'no', 'no', OK, OK, OK] }
const FLAG_OF_NOBODY: Expected = {
  ASSISTANT: [OUT, HIDDEN, HIDDEN, NOBODY, NOBODY, 'no'],
  DIRECT: [OUT, HIDDEN, HIDDEN, 'no', NOBODY, NOBODY],
  GROUP: [OUT, HIDDEN, HIDDEN, 'no', 'no', 'no'],
  CHANNEL: [OUT, 'no', 'no', 'no', 'no', 'no'],
}

const inConversation = ({ conversationId }: ConversationScene) => ({ id: conversationId })
const ofMessage = ({ messageId }: ConversationScene) => ({ id: messageId })
const ofReply = ({ replyId }: ConversationScene) => ({ id: replyId })

function query(
  title: string,
  document: string,
  expected: Expected,
  variables: ConversationOperation['variables'] = () => ({}),
  scene: SceneOptions = {},
): ConversationOperation {
  return { title, transport: 'http', document: `query ${document}`, variables, scene, expected }
}

function subscription(title: string, document: string, expected: Expected, variables = inConversation) {
  const operation = query(title, document, expected, variables)
  return { ...operation, transport: 'socket', document: `subscription ${document}` } as const
}

function entity(typename: string, field: string, id: (scene: ConversationScene) => { id: string }) {
  const document = `($of: [_Any!]!) { _entities(representations: $of) { ... on ${typename} { ${field} } } }`
  const variables = (scene: ConversationScene) => ({ of: [{ __typename: typename, ...id(scene) }] })
  return { ...query(`_entities of ${typename}`, document, READERS, variables), transport: 'entities' } as const
}

/** The mutation is the title's first word. */
function mutation(
  title: ChatMutation | `${ChatMutation}, ${string}`,
  expected: Expected,
  input: (scene: ConversationScene) => Record<string, unknown>,
  scene: SceneOptions = {},
): ConversationOperation {
  const document = mutationDocument(title.split(',')[0] as ChatMutation, 'userErrors { code }')
  return { title, transport: 'http', document, variables: (given) => ({ input: input(given) }), scene, expected }
}

const message = (fields: string) => `($id: ID!) { message(id: $id) { ${fields} } }`
const own = { author: 'the viewer' } as const
const search = 'first: 100) { nodes { id } } }'

const queries: readonly ConversationOperation[] = [
  query('conversations', '{ conversations(first: 100) { nodes { id } } }', LISTED_FOR_MEMBERS),
  query('conversation', '($id: ID!) { conversation(id: $id) { title } }', READERS, inConversation),
  query(
    'conversation { messages, members }',
    '($id: ID!) { conversation(id: $id) { messages { nodes { body } } members { nodes { role } } } }',
    READERS,
    inConversation,
  ),
  query('message', message('body conversation { title } replies { nodes { id } }'), READERS, ofMessage),
  query('message { generation }', message('generation { text }'), READERS, ofReply),
  query('message { versions, toolCalls }', message('versions { body } toolCalls { result }'), READERS, ofReply),
  query('message { viewerCanEdit }, one’s own', message('seen: viewerCanEdit'), FLAG_OF_MEMBERS, ofMessage, own),
  query('message { viewerCanEdit }, another’s', message('seen: viewerCanEdit'), FLAG_OF_NOBODY, ofMessage),
  query('message { viewerCanDelete }, one’s own', message('seen: viewerCanDelete'), moderated('own'), ofMessage, own),
  query('message { viewerCanDelete }, another’s', message('seen: viewerCanDelete'), moderated('other'), ofMessage),
  query(
    'message { viewerCanDelete }, a reply to one',
    message('seen: viewerCanDelete'),
    moderated('own'),
    ofReply,
    own,
  ),
  query('channels', '($title: String) { channels(query: $title) { nodes { id } } }', CHANNELS_ARE_LISTED, (scene) => ({
    title: scene.title,
  })),
  query(
    'searchMessages',
    `($word: String!) { searchMessages(query: $word, ${search}`,
    LISTED_FOR_MEMBERS,
    ({ word }) => ({ word }),
  ),
  query(
    'searchMessages in the conversation',
    `($word: String!, $id: ID!) { searchMessages(query: $word, conversationId: $id, ${search}`,
    READERS,
    ({ word, conversationId }) => ({ word, id: conversationId }),
  ),
  query('models', '{ models { id } }', SIGNED_IN),
  query('usage', '{ usage { totalTokens } }', SIGNED_IN),
  entity('Conversation', 'title', inConversation),
  entity('Message', 'body', ofMessage),
]

/** As the moderator may delete everything, but sees only channels. */
function moderated(whose: 'own' | 'other'): Expected {
  const flags = whose === 'own' ? FLAG_OF_MEMBERS : FLAG_OF_NOBODY
  const [out, stranger, , ...members] = flags.CHANNEL
  return { ...flags, CHANNEL: [out, stranger, OK, ...members] }
}

const OWNERS_OF_SHARED: Expected = {
  ...NOT_EVEN_MEMBERS,
  GROUP: [OUT, HIDDEN, HIDDEN, NO, NO, OK],
  CHANNEL: [OUT, NO, NO, NO, NO, OK],
}
const OWNERS_AND_ADMINS_OF_SHARED: Expected = {
  ...NOT_EVEN_MEMBERS,
  GROUP: [OUT, HIDDEN, HIDDEN, NO, OK, OK],
  CHANNEL: [OUT, NO, NO, NO, OK, OK],
}
const LEAVING: Expected = {
  ASSISTANT: [OUT, HIDDEN, HIDDEN, NOBODY, NOBODY, LAST],
  DIRECT: NOT_EVEN_MEMBERS.DIRECT,
  GROUP: [OUT, HIDDEN, HIDDEN, OK, OK, LAST],
  CHANNEL: [OUT, NO, NO, OK, OK, LAST],
}
const REMOVING_ABOVE_MEMBERS: Expected = {
  ...NOT_EVEN_MEMBERS,
  GROUP: [OUT, HIDDEN, OK, NO, NO, OK],
  CHANNEL: [OUT, NO, OK, NO, NO, OK],
}

const colleague = ({ conversationId, colleagueId }: ConversationScene) => ({ conversationId, userId: colleagueId })
const only = ({ conversationId }: ConversationScene) => ({ conversationId })

const toConversations: readonly ConversationOperation[] = [
  mutation('createConversation', SIGNED_IN, () => ({ kind: 'ASSISTANT' })),
  mutation(
    'updateConversation, its title',
    { ...OWNERS_AND_ADMINS_OF_SHARED, ASSISTANT: READERS.ASSISTANT },
    (scene) => ({ ...only(scene), title: 'Renamed' }),
  ),
  mutation(
    'updateConversation, its assistant',
    { ...OWNERS_AND_ADMINS_OF_SHARED, ASSISTANT: READERS.ASSISTANT, DIRECT: READERS.DIRECT },
    (scene) => ({ ...only(scene), assistant: { systemPrompt: 'Be brief.' } }),
  ),
  mutation(
    'deleteConversation',
    {
      ASSISTANT: READERS.ASSISTANT,
      DIRECT: NOT_EVEN_MEMBERS.DIRECT,
      GROUP: [OUT, HIDDEN, OK, NO, NO, OK],
      CHANNEL: [OUT, NO, OK, NO, NO, OK],
    },
    only,
  ),
  mutation('joinChannel', { ...NOT_EVEN_MEMBERS, CHANNEL: SIGNED_IN.CHANNEL }, only),
  mutation('leaveConversation', LEAVING, only),
  mutation('addMembers', OWNERS_AND_ADMINS_OF_SHARED, (scene) => ({
    ...only(scene),
    userIds: [scene.newcomerId],
  })),
  mutation(
    'removeMember, a MEMBER',
    { ...NOT_EVEN_MEMBERS, GROUP: [OUT, HIDDEN, OK, NO, OK, OK], CHANNEL: [OUT, NO, OK, NO, OK, OK] },
    colleague,
  ),
  mutation('removeMember, an ADMIN', REMOVING_ABOVE_MEMBERS, colleague, { colleague: 'ADMIN' }),
  mutation('removeMember, an OWNER', REMOVING_ABOVE_MEMBERS, colleague, { colleague: 'OWNER' }),
  mutation('removeMember, oneself', LEAVING, (scene) => ({
    ...only(scene),
    userId: scene.viewerId,
  })),
  mutation('setMemberRole', OWNERS_OF_SHARED, (scene) => ({
    ...colleague(scene),
    role: 'ADMIN',
  })),
  mutation('setMemberRole, one’s own', OWNERS_OF_SHARED, (scene) => ({
    ...only(scene),
    userId: scene.viewerId,
    role: 'OWNER',
  })),
  mutation('muteConversation', MEMBERS, (scene) => ({ ...only(scene), muted: true })),
  mutation('markRead', MEMBERS, (scene) => ({ ...only(scene), upTo: 1 })),
  mutation('setTyping', MEMBERS, (scene) => ({ ...only(scene), isTyping: true })),
  mutation('sendMessage', MEMBERS, (scene) => ({
    ...only(scene),
    body: 'Hello',
    clientId: randomUUID(),
  })),
]

const edit = ({ messageId }: ConversationScene) => ({ messageId, body: 'Another text' })
const ofIt = ({ messageId }: ConversationScene) => ({ messageId })
const reaction = ({ messageId }: ConversationScene) => ({ messageId, emoji: '👍' })

/** As these rows, but the moderator, who sees only channels, may do it everywhere. */
function byModeratorsToo(expected: Expected): Expected {
  const rows = Object.entries(expected).map(([kind, [out, stranger, , ...members]]) => [
    kind,
    [out, stranger, OK, ...members],
  ])
  return Object.fromEntries(rows) as Expected
}

const toMessages: readonly ConversationOperation[] = [
  mutation('editMessage, one’s own', MEMBERS, edit, own),
  mutation('editMessage, another’s', NOT_EVEN_MEMBERS, edit),
  mutation('deleteMessage, one’s own', byModeratorsToo(MEMBERS), ofIt, own),
  mutation('deleteMessage, another’s', byModeratorsToo(NOT_EVEN_MEMBERS), ofIt),
  mutation('deleteMessage, a reply to one', byModeratorsToo(MEMBERS), ({ replyId }) => ({ messageId: replyId }), own),
  mutation('addReaction', MEMBERS, reaction),
  mutation('removeReaction', MEMBERS, reaction),
]

/** Whoever has the role for it, beside who asked. */
const IN_CHARGE: Expected = { ...OWNERS_AND_ADMINS_OF_SHARED, ASSISTANT: READERS.ASSISTANT }

/** As these rows, but who may do it is told that it cannot be done. */
function refusedTo(expected: Expected, code: string): Expected {
  const rows = Object.entries(expected).map(([kind, row]) => [
    kind,
    row.map((word) => (word === OK ? `user error ${code}` : word)),
  ])
  return Object.fromEntries(rows) as Expected
}

/** One that whoever asked for the reply may do, and whoever is in charge. */
function control(
  name: ChatMutation,
  input: (scene: ConversationScene) => Record<string, unknown>,
  code?: string,
): ConversationOperation[] {
  const expected = (rows: Expected) => (code === undefined ? rows : refusedTo(rows, code))
  return [
    mutation(`${name}, of one’s own question`, expected(MEMBERS), input, own),
    mutation(`${name}, of another’s question`, expected(IN_CHARGE), input),
  ]
}

const theReply = ({ replyId }: ConversationScene) => ({ messageId: replyId })
const theCall = ({ toolCallId }: ConversationScene) => ({ toolCallId, approved: false })

/** The reply is whole. */
const toReplies: readonly ConversationOperation[] = [
  ...control('cancelReply', theReply, 'REPLY_NOT_RUNNING'),
  ...control('regenerateReply', theReply),
  ...control('continueReply', theReply, 'BAD_USER_INPUT'),
  ...control('selectReplyVersion', ({ replyId, versionId }) => ({ messageId: replyId, versionId })),
  mutation('editMessage, and have it answered anew', MEMBERS, (scene) => ({ ...edit(scene), regenerate: true }), own),
  mutation('answerToolCall, of one’s own question', MEMBERS, theCall, own),
  mutation('answerToolCall, of another’s question', NOT_EVEN_MEMBERS, theCall),
]

const subscriptions: readonly ConversationOperation[] = [
  subscription('messageAdded', '($id: ID!) { messageAdded(conversationId: $id, after: 0) { body } }', READERS),
  subscription('conversationEvents', '($id: ID!) { conversationEvents(conversationId: $id) { cursor } }', READERS),
  subscription('replyStream', '($id: ID!) { replyStream(messageId: $id) { attempt } }', READERS, ofReply),
  subscription('inbox', '{ inbox { conversationId } }', SIGNED_IN),
  subscription('presence', '($id: ID!) { presence(userIds: [$id]) { userId } }', SIGNED_IN, (scene) => ({
    id: scene.colleagueId,
  })),
]

/** Every operation of chat, asked by everybody of every kind of conversation. */
export const conversationOperations: readonly ConversationOperation[] = [
  ...queries,
  ...toConversations,
  ...toMessages,
  ...toReplies,
  ...subscriptions,
]
