// Generated from schema/chat.graphql by schema/build.ts. Do not edit: change the source, then run "npm run schema".

import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Conversation as ConversationEntity } from './conversation/conversation.entity.ts';
import type { Message as MessageEntity } from './message/message.entity.ts';
import type { VersionFacts as VersionFactsEntity } from './assistant/generation/generation.loader.ts';
import type { ToolCall as ToolCallEntity } from './assistant/tools/tool-call.entity.ts';
import type { Member as MemberEntity } from './conversation/member.entity.ts';
import type { UserReference as UserReferenceEntity } from './conversation/user-reference.ts';
import type { MessageEvent as MessageEventEntity, MemberEvent as MemberEventEntity, ConversationEvent as ConversationEventEntity } from './event-log/durable-event.ts';
import type { InboxItem as InboxItemEntity } from './inbox/inbox-stream.ts';
import type { PresenceItem as PresenceItemEntity } from './presence/presence-stream.ts';
import type { ReplyEnded as ReplyEndedEntity } from './assistant/text/reply-stream.ts';
import type { ChatContext } from './context.ts';
export type Maybe<T> = T | null | undefined;
export type InputMaybe<T> = T | null;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A moment in UTC, written as ISO 8601 with milliseconds, such as `2026-01-31T09:30:00.000Z`. */
  DateTime: { input: Date; output: Date; }
  /** An opaque place in a list or in an event log; only this server can read it. */
  Cursor: { input: string; output: string; }
  /** A UUID (RFC 9562) of the client's making, in lower or upper case. */
  UUID: { input: string; output: string; }
};

/** What is wrong with a mutation's input, for the person who can put it right. */
export type ErrorCode =
  /** The field's value breaks the rule that the message states. */
  | 'BAD_USER_INPUT'
  /** There is no such object, or the viewer may not see it. */
  | 'NOT_FOUND'
  /** The `clientId` was used before, for a message with another body or `replyToId`. What counts is what was sent then, edits since do not. */
  | 'IDEMPOTENCY_CONFLICT'
  /** The viewer is not allowed to do this. */
  | 'FORBIDDEN'
  /** Too often; the message says when to try again. Kept for what is to come: nothing in conversations is refused so yet. */
  | 'RATE_LIMITED'
  /** The last owner has to name another one first, or to delete the conversation. */
  | 'LAST_OWNER'
  /** One of these people is a member already. */
  | 'ALREADY_MEMBER'
  /** No model of this name is configured; `models` lists them. */
  | 'UNKNOWN_MODEL'
  /** The reply is still being written; wait until it has ended, or cancel it. */
  | 'REPLY_RUNNING'
  /** The reply has ended; there is nothing to cancel. */
  | 'REPLY_NOT_RUNNING'
  /** The viewer has used up the tokens of the day (UTC), or has as many replies under way as are allowed at a time. */
  | 'QUOTA_EXCEEDED';

/** Something in a mutation's input that its sender can put right. */
export type UserError = {
  __typename?: 'UserError';
  /** A stable code to decide on. */
  code: ErrorCode;
  /** A sentence to show. */
  message: Scalars['String']['output'];
  /** The input field at fault, from the mutation's arguments down, such as `["input", "body"]`. */
  path?: Maybe<Array<Scalars['String']['output']>>;
};

/** Where a page lies in its list (GraphQL Cursor Connections Specification). */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** Whether the list goes on after this page. When paging backward: whether the page was read from a cursor. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether the list goes on before this page. When paging forward: whether the page was read from a cursor. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** The first edge's cursor; null on an empty page. */
  startCursor?: Maybe<Scalars['Cursor']['output']>;
  /** The last edge's cursor; null on an empty page. */
  endCursor?: Maybe<Scalars['Cursor']['output']>;
};

/** What a conversation is for. */
export type ConversationKind =
  /** One person and the assistant: every message asks for a reply. */
  | 'ASSISTANT'
  /** Two people, and only one such conversation for each pair. It can be neither left nor deleted by one of them. */
  | 'DIRECT'
  /** Several people who were added; `@assistant` in a message asks for a reply. */
  | 'GROUP'
  /** Public: every signed-in user finds it in `channels`, reads it and may join it; members write. */
  | 'CHANNEL';

/** What a member may do in a conversation. */
export type MemberRole =
  /** May do everything, set roles and delete the conversation included. */
  | 'OWNER'
  /** Adds people, removes those who are MEMBER, and changes title, topic and assistant. */
  | 'ADMIN'
  /** Reads and writes. */
  | 'MEMBER';

/** Whose voice a message is. */
export type MessageRole =
  /** A person's. */
  | 'USER'
  /** The model's. */
  | 'ASSISTANT'
  /** Parley's own; nothing writes one so far. Never counted as unread. */
  | 'SYSTEM';

/** Whether a person can be reached now. */
export type PresenceStatus =
  /** Has a subscription open, and did something within the last five minutes. */
  | 'ONLINE'
  /** Has a subscription open, and did nothing for five minutes. */
  | 'AWAY'
  /** Has no subscription open. */
  | 'OFFLINE';

/** How far a reply has come. */
export type GenerationStatus =
  /** Waits for a worker. */
  | 'QUEUED'
  /** A worker writes it, or it waits for the approval of a tool call. */
  | 'RUNNING'
  /** Ended by the model: whole, or as long as it was allowed to become. */
  | 'COMPLETED'
  /** Ended by `cancelReply`, or by a worker that found the question deleted; the text so far is kept, and `continueReply` goes on with it. Moderation has not judged the text of a reply that was cancelled. */
  | 'CANCELLED'
  /** Ended by an error; the text so far is kept, unless moderation refused it, or could not be asked about it. */
  | 'FAILED'
  /** Its worker was lost while a tool was at work that may not be run twice, or nobody approved a tool call: for a day, or because whoever asked is no member any more. The text so far is kept, and `continueReply` goes on with it. */
  | 'INTERRUPTED';

/** How far a call of a tool has come. */
export type ToolCallStatus =
  /** Waits for `answerToolCall`. */
  | 'AWAITING_APPROVAL'
  /** Is being run. */
  | 'RUNNING'
  /** Has a result. */
  | 'DONE'
  /** Could not be run, or not to its end; the result says why. */
  | 'FAILED'
  /** Was not approved. */
  | 'REFUSED';

/** A person, known here by id and presence; the rest of them lives in the auth subgraph. */
export type User = {
  __typename?: 'User';
  /** `usr_…` */
  id: Scalars['ID']['output'];
  /** Whether they can be reached now; every signed-in user sees it. Null to who is not signed in. */
  presence?: Maybe<Presence>;
};

/** Whether a person can be reached, as the subscriptions they have open tell: all tabs and devices together. */
export type Presence = {
  __typename?: 'Presence';
  /** Now. */
  status: PresenceStatus;
  /** When they were last here; the present moment for who is ONLINE, null for who was never seen. */
  lastSeenAt?: Maybe<Scalars['DateTime']['output']>;
};

/** A place where people, or a person and the assistant, write to one another. Its members see it; a CHANNEL every signed-in user. */
export type Conversation = {
  __typename?: 'Conversation';
  /** `cnv_…` */
  id: Scalars['ID']['output'];
  /** Never changes. */
  kind: ConversationKind;
  /** 1 to 200 UTF-16 code units, or null. */
  title?: Maybe<Scalars['String']['output']>;
  /** 1 to 1,000 UTF-16 code units, or null. */
  topic?: Maybe<Scalars['String']['output']>;
  /** When it was made. */
  createdAt: Scalars['DateTime']['output'];
  /** When something was last said in it. */
  lastActivityAt: Scalars['DateTime']['output'];
  /** The newest message; null in an empty conversation. */
  lastMessage?: Maybe<Message>;
  /** How many people are in it; the assistant is not counted. */
  memberCount: Scalars['Int']['output'];
  /** The members, in the order they joined. Errors: BAD_USER_INPUT for a bad cursor or page size. */
  members?: Maybe<MemberConnection>;
  /** The messages, ascending by `number`. Errors: BAD_USER_INPUT for a bad cursor or page size. */
  messages?: Maybe<MessageConnection>;
  /** How the assistant answers here; null where it is only asked by name and nothing was set. */
  assistant?: Maybe<AssistantSettings>;
  /** Where the event log stands: subscribe to `conversationEvents` with it as `after`. */
  cursor: Scalars['Cursor']['output'];
  /** What the viewer may do here; null for who reads a CHANNEL without being a member. */
  viewerRole?: Maybe<MemberRole>;
  /** Messages of others, the assistant included, after the viewer's read marker; deleted ones are not counted. 0 for who is not a member. */
  unreadCount: Scalars['Int']['output'];
  /** Messages after the viewer's read marker that mention the viewer. 0 for who is not a member. */
  mentionCount: Scalars['Int']['output'];
  /** Whether the viewer wants no notifications from here; nothing else depends on it. */
  isMuted: Scalars['Boolean']['output'];
};


/** A place where people, or a person and the assistant, write to one another. Its members see it; a CHANNEL every signed-in user. */
export type ConversationMembersArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['Cursor']['input']>;
};


/** A place where people, or a person and the assistant, write to one another. Its members see it; a CHANNEL every signed-in user. */
export type ConversationMessagesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['Cursor']['input']>;
};

/** How the assistant answers in a conversation. */
export type AssistantSettings = {
  __typename?: 'AssistantSettings';
  /** One of `models`. */
  model: Scalars['String']['output'];
  /** What the model is told before everything else; at most 8,000 characters. */
  systemPrompt?: Maybe<Scalars['String']['output']>;
  /** 0 (the likeliest words) to 2, or within what the model allows; the model's own default when null, and where it cannot be set. */
  temperature?: Maybe<Scalars['Float']['output']>;
  /** The longest answer, in the model's tokens; when null, what the model is configured with, or its own limit. Where users have quotas, what is left of theirs and of the model's context may make it shorter. */
  maxOutputTokens?: Maybe<Scalars['Int']['output']>;
};

/** A person in a conversation. */
export type Member = {
  __typename?: 'Member';
  /** Null once the account is deleted. */
  user?: Maybe<User>;
  /** What they may do. */
  role: MemberRole;
  /** Since when. */
  joinedAt: Scalars['DateTime']['output'];
  /** The number of the last message they have read; 0 before the first. */
  readUpTo: Scalars['Int']['output'];
};

/** A page of members. */
export type MemberConnection = {
  __typename?: 'MemberConnection';
  /** The members with their cursors. */
  edges: Array<MemberEdge>;
  /** The members alone. */
  nodes: Array<Member>;
  /** Where the page lies. */
  pageInfo: PageInfo;
};

/** A member's place in the list. */
export type MemberEdge = {
  __typename?: 'MemberEdge';
  /** For `after` and `before`. */
  cursor: Scalars['Cursor']['output'];
  /** The member. */
  node: Member;
};

/** Something said in a conversation. */
export type Message = {
  __typename?: 'Message';
  /** `msg_…` */
  id: Scalars['ID']['output'];
  /** Where it was said. */
  conversation: Conversation;
  /** Gapless in its conversation, from 1, in the order of commits. */
  number: Scalars['Int']['output'];
  /** Whose voice it is. */
  role: MessageRole;
  /** Null for the assistant, and once the author’s account was deleted. No event of the message tells of that: MemberRemoved does, when they were a member; read the messages again then. */
  author?: Maybe<User>;
  /** A person's has 1 to 16,000 UTF-16 code units, exactly as sent. A reply's has 0 to 500,000 and is the text so far while it grows. Empty once deleted. */
  body: Scalars['String']['output'];
  /** When it was stored; a reply's, when it was asked for. */
  createdAt: Scalars['DateTime']['output'];
  /** When its author last changed it; null if never. */
  editedAt?: Maybe<Scalars['DateTime']['output']>;
  /** When it was deleted; its number stays, its text does not. Null while it is there. */
  deletedAt?: Maybe<Scalars['DateTime']['output']>;
  /** What it said before, oldest first; at most 30, empty once deleted. */
  edits: Array<MessageEdit>;
  /** The message it replies to, of the same conversation. */
  replyTo?: Maybe<Message>;
  /** The replies to it, ascending by `number`. Errors: BAD_USER_INPUT for a bad cursor or page size. */
  replies?: Maybe<MessageConnection>;
  /** How many replies it has; deleted ones are not counted. */
  replyCount: Scalars['Int']['output'];
  /** What people felt about it, in the order in which each emoji came; at most 50 different ones. */
  reactions: Array<Reaction>;
  /** The members whom its body names by `@username`, in that order and each once; at most 50, and among the first 200 names. The assistant is not among them. */
  mentions: Array<Maybe<User>>;
  /** The UUID its sender gave; null to others. */
  clientId?: Maybe<Scalars['UUID']['output']>;
  /** How the reply came about, in the selected version; null for people's messages. */
  generation?: Maybe<Generation>;
  /** All that the assistant answered here, oldest first, the selected one included; at most 20. Empty for people's messages, and once deleted. */
  versions: Array<ReplyVersion>;
  /** What the selected version had tools do, in order. Empty for people's messages, and once deleted. */
  toolCalls: Array<ToolCall>;
  /** Whether the viewer may change its text: its author may while they are a member, until it is deleted. */
  viewerCanEdit: Scalars['Boolean']['output'];
  /** Whether the viewer may delete it: its author and whoever asked for the reply that it is, while they are members, and moderators. */
  viewerCanDelete: Scalars['Boolean']['output'];
};


/** Something said in a conversation. */
export type MessageRepliesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['Cursor']['input']>;
};

/** What a message said before it was changed. */
export type MessageEdit = {
  __typename?: 'MessageEdit';
  /** The text that was replaced. */
  body: Scalars['String']['output'];
  /** When it was replaced. */
  editedAt: Scalars['DateTime']['output'];
};

/** One emoji under a message. */
export type Reaction = {
  __typename?: 'Reaction';
  /** A single emoji (RGI, Unicode Technical Standard #51). */
  emoji: Scalars['String']['output'];
  /** How many people chose it. */
  count: Scalars['Int']['output'];
  /** Whether the viewer is one of them. */
  viewerHasReacted: Scalars['Boolean']['output'];
};

/** One of several answers to the same message. */
export type ReplyVersion = {
  __typename?: 'ReplyVersion';
  /** What `selectReplyVersion` takes. */
  id: Scalars['ID']['output'];
  /** Its text; while it grows, so far. */
  body: Scalars['String']['output'];
  /** Whether it is what the message's `body` shows. */
  isSelected: Scalars['Boolean']['output'];
  /** How it came about. */
  generation: Generation;
};

/** Something the assistant had a tool do. */
export type ToolCall = {
  __typename?: 'ToolCall';
  /** What `answerToolCall` takes. */
  id: Scalars['ID']['output'];
  /** The tool's name. */
  name: Scalars['String']['output'];
  /** What the model asked for, as the model wrote it: meant to be JSON, and cut at 16,000 UTF-16 code units. What cannot be stored, such as a NUL, is replaced. */
  arguments: Scalars['String']['output'];
  /** What the model was told; null while there is nothing yet. Other words once a message that was found is changed or deleted. */
  result?: Maybe<Scalars['String']['output']>;
  /** How far it has come. */
  status: ToolCallStatus;
};

/** The making of one version of a reply. */
export type Generation = {
  __typename?: 'Generation';
  /** `gen_…` */
  id: Scalars['ID']['output'];
  /** How far it has come. */
  status: GenerationStatus;
  /** Which model writes it. */
  model: Scalars['String']['output'];
  /** Rises each time a worker begins or takes over, over all generations of one message; 0 before the first. */
  attempt: Scalars['Int']['output'];
  /** What has been written so far. */
  text: Scalars['String']['output'];
  /** What it cost, all its attempts and calls of the model together; null until it has ended. */
  usage?: Maybe<TokenUsage>;
  /** When a worker first began. */
  startedAt?: Maybe<Scalars['DateTime']['output']>;
  /** When the first piece of text was stored. */
  firstTokenAt?: Maybe<Scalars['DateTime']['output']>;
  /** When it ended, well or not. */
  finishedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Why it failed; null otherwise. */
  error?: Maybe<GenerationError>;
  /** How many earlier messages no longer fitted the model's context. */
  omittedMessages: Scalars['Int']['output'];
  /** How many of the omitted ones the model knew by a summary. */
  summarisedMessages: Scalars['Int']['output'];
};

/** Tokens as the model counts them. */
export type TokenUsage = {
  __typename?: 'TokenUsage';
  /** Read by the model. */
  inputTokens: Scalars['Int']['output'];
  /** Written by the model. */
  outputTokens: Scalars['Int']['output'];
  /** Both together. */
  totalTokens: Scalars['Int']['output'];
  /** True when the model did not say all of it, and the rest was counted here. */
  isEstimated: Scalars['Boolean']['output'];
};

/** Why a reply failed. */
export type GenerationError = {
  __typename?: 'GenerationError';
  /** One of PROVIDER_UNAVAILABLE, PROVIDER_REJECTED, PROVIDER_RATE_LIMITED, PROVIDER_TIMEOUT, STREAM_INCOMPLETE, QUOTA_EXCEEDED, MODERATION_REFUSED, WORKER_LOST, INTERNAL. */
  code: Scalars['String']['output'];
  /** A sentence to show. */
  message: Scalars['String']['output'];
};

/** A page of conversations. */
export type ConversationConnection = {
  __typename?: 'ConversationConnection';
  /** The conversations with their cursors. */
  edges: Array<ConversationEdge>;
  /** The conversations alone. */
  nodes: Array<Conversation>;
  /** Where the page lies. */
  pageInfo: PageInfo;
};

/** A conversation's place in the list. */
export type ConversationEdge = {
  __typename?: 'ConversationEdge';
  /** For `after` and `before`. */
  cursor: Scalars['Cursor']['output'];
  /** The conversation. */
  node: Conversation;
};

/** A page of messages. */
export type MessageConnection = {
  __typename?: 'MessageConnection';
  /** The messages with their cursors. */
  edges: Array<MessageEdge>;
  /** The messages alone. */
  nodes: Array<Message>;
  /** Where the page lies. */
  pageInfo: PageInfo;
};

/** A message's place in the list. */
export type MessageEdge = {
  __typename?: 'MessageEdge';
  /** For `after` and `before`. */
  cursor: Scalars['Cursor']['output'];
  /** The message. */
  node: Message;
};

/** A model that can be asked. */
export type AssistantModel = {
  __typename?: 'AssistantModel';
  /** What `AssistantSettingsInput.model` takes. */
  id: Scalars['ID']['output'];
  /** A name to show. */
  name: Scalars['String']['output'];
  /** How many tokens it reads and writes together at most; null when that is not configured. */
  contextTokens?: Maybe<Scalars['Int']['output']>;
  /** Whether it answers where no model is named. */
  isDefault: Scalars['Boolean']['output'];
  /** Whether it is the built-in demo, which is canned and no language model. */
  isDemo: Scalars['Boolean']['output'];
};

/** What replies, titles and summaries have cost somebody. */
export type Usage = {
  __typename?: 'Usage';
  /** Read by models. */
  inputTokens: Scalars['Int']['output'];
  /** Written by models. */
  outputTokens: Scalars['Int']['output'];
  /** Both together. */
  totalTokens: Scalars['Int']['output'];
  /** How many replies, those that failed or were cancelled included. */
  replies: Scalars['Int']['output'];
  /** The same for each day and model, oldest first; days without any are left out. */
  days: Array<UsageDay>;
};

/** What somebody's replies, titles and summaries of one day and model have cost. */
export type UsageDay = {
  __typename?: 'UsageDay';
  /** The day in UTC, such as `2026-01-31`. */
  date: Scalars['String']['output'];
  /** One of `models`, now or then. */
  model: Scalars['String']['output'];
  /** Read by the model. */
  inputTokens: Scalars['Int']['output'];
  /** Written by the model. */
  outputTokens: Scalars['Int']['output'];
  /** How many replies. */
  replies: Scalars['Int']['output'];
};

/** Reading conversations. */
export type Query = {
  __typename?: 'Query';
  /** The viewer's conversations, newest activity first. Errors: UNAUTHENTICATED; BAD_USER_INPUT for a bad cursor or page size. */
  conversations?: Maybe<ConversationConnection>;
  /** A conversation the viewer is a member of, or a CHANNEL. Errors: UNAUTHENTICATED; NOT_FOUND; BAD_USER_INPUT when `id` is not a conversation's id. */
  conversation?: Maybe<Conversation>;
  /** A message of a conversation the viewer may see. Errors: UNAUTHENTICATED; NOT_FOUND; BAD_USER_INPUT when `id` is not a message's id. */
  message?: Maybe<Message>;
  /** All channels in the order of their titles, whether or not the viewer is in them. Errors: UNAUTHENTICATED; BAD_USER_INPUT for a bad cursor, page size or query. */
  channels?: Maybe<ConversationConnection>;
  /** Messages that hold every word of the query, also as a part of a longer word, newest first; case and accents do not matter. Searches the conversations the viewer is a member of. When no word has two Latin letters or digits in a row, or any character beyond ASCII, only the newest 10,000 of these messages are looked through, with `after` the 10,000 before it, and `hasNextPage` speaks of these: older ones may hold the words too. Errors: UNAUTHENTICATED; NOT_FOUND (the conversation); BAD_USER_INPUT for a bad cursor, page size or query; OPERATION_TOO_EXPENSIVE when looking takes longer than two seconds: add a longer or rarer word, or name a conversation. */
  searchMessages?: Maybe<MessageConnection>;
  /** The models that can be asked, the default first. Errors: UNAUTHENTICATED. */
  models?: Maybe<Array<AssistantModel>>;
  /** What the viewer's replies have cost, and the titles and summaries that they led to; whole days in UTC. Errors: UNAUTHENTICATED; BAD_USER_INPUT when `to` lies before `from`, or more than 366 days behind it. */
  usage?: Maybe<Usage>;
};


/** Reading conversations. */
export type QueryConversationsArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['Cursor']['input']>;
  kind?: InputMaybe<ConversationKind>;
};


/** Reading conversations. */
export type QueryConversationArgs = {
  id: Scalars['ID']['input'];
};


/** Reading conversations. */
export type QueryMessageArgs = {
  id: Scalars['ID']['input'];
};


/** Reading conversations. */
export type QueryChannelsArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  query?: InputMaybe<Scalars['String']['input']>;
};


/** Reading conversations. */
export type QuerySearchMessagesArgs = {
  query: Scalars['String']['input'];
  conversationId?: InputMaybe<Scalars['ID']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Reading conversations. */
export type QueryUsageArgs = {
  from?: InputMaybe<Scalars['DateTime']['input']>;
  to?: InputMaybe<Scalars['DateTime']['input']>;
};

/** How the assistant is to answer. */
export type AssistantSettingsInput = {
  /** One of `models`; the default one when not given. */
  model?: InputMaybe<Scalars['String']['input']>;
  /** At most 8,000 characters. */
  systemPrompt?: InputMaybe<Scalars['String']['input']>;
  /** 0 to 2, or within what the model allows; not for models whose temperature cannot be set. */
  temperature?: InputMaybe<Scalars['Float']['input']>;
  /** From 1 up to what the model is configured to write at most, or 1,000,000. */
  maxOutputTokens?: InputMaybe<Scalars['Int']['input']>;
};

/** What a new conversation needs. */
export type CreateConversationInput = {
  /** What it is for. */
  kind: ConversationKind;
  /** 1 to 200 UTF-16 code units. */
  title?: InputMaybe<Scalars['String']['input']>;
  /** 1 to 1,000 UTF-16 code units. */
  topic?: InputMaybe<Scalars['String']['input']>;
  /** Who else is in it: exactly one person for DIRECT, nobody for ASSISTANT, at most 100 otherwise. The viewer is in it without being named. */
  memberIds?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** How the assistant is to answer. */
  assistant?: InputMaybe<AssistantSettingsInput>;
};

/** Something to say. */
export type SendMessageInput = {
  /** `cnv_…` */
  conversationId: Scalars['ID']['input'];
  /** 1 to 16,000 UTF-16 code units, not only white space; stored exactly as sent. */
  body: Scalars['String']['input'];
  /** A UUID made for this message: sending again with it is safe and returns the same message. */
  clientId: Scalars['UUID']['input'];
  /** The message this one replies to, `msg_…`, of the same conversation. */
  replyToId?: InputMaybe<Scalars['ID']['input']>;
};

/** What to change of a conversation. What is not given stays as it is; null takes it away. */
export type UpdateConversationInput = {
  /** `cnv_…` */
  conversationId: Scalars['ID']['input'];
  /** 1 to 200 UTF-16 code units. */
  title?: InputMaybe<Scalars['String']['input']>;
  /** 1 to 1,000 UTF-16 code units. */
  topic?: InputMaybe<Scalars['String']['input']>;
  /** How the assistant is to answer. What is not given within it stays as it is, as far as the model allows it: a temperature or longest answer beyond its limits is brought within them. */
  assistant?: InputMaybe<AssistantSettingsInput>;
};

/** Which conversation. */
export type ConversationIdInput = {
  /** `cnv_…` */
  conversationId: Scalars['ID']['input'];
};

/** Whom to add. */
export type AddMembersInput = {
  /** `cnv_…`, a GROUP or a CHANNEL. */
  conversationId: Scalars['ID']['input'];
  /** `usr_…`; 1 to 100. */
  userIds: Array<Scalars['ID']['input']>;
};

/** Whom to remove. */
export type RemoveMemberInput = {
  /** `cnv_…`, a GROUP or a CHANNEL. */
  conversationId: Scalars['ID']['input'];
  /** `usr_…` */
  userId: Scalars['ID']['input'];
};

/** Whose role to set. */
export type SetMemberRoleInput = {
  /** `cnv_…`, a GROUP or a CHANNEL. */
  conversationId: Scalars['ID']['input'];
  /** `usr_…`, a member. */
  userId: Scalars['ID']['input'];
  /** What they may do from now on. */
  role: MemberRole;
};

/** Whether to be notified. */
export type MuteConversationInput = {
  /** `cnv_…` */
  conversationId: Scalars['ID']['input'];
  /** True for no notifications. */
  muted: Scalars['Boolean']['input'];
};

/** What to say instead. */
export type EditMessageInput = {
  /** `msg_…` */
  messageId: Scalars['ID']['input'];
  /** 1 to 16,000 UTF-16 code units, not only white space; stored exactly as sent. */
  body: Scalars['String']['input'];
  /** Whether the assistant is asked again, now that the message says something else: the reply gets a new version, and the one before is kept. */
  regenerate?: InputMaybe<Scalars['Boolean']['input']>;
};

/** Which reply to ask for again. */
export type RegenerateReplyInput = {
  /** `msg_…`, the reply. */
  messageId: Scalars['ID']['input'];
  /** One of `models`; that of the conversation when not given. */
  model?: InputMaybe<Scalars['String']['input']>;
};

/** Which version of a reply to show. */
export type SelectReplyVersionInput = {
  /** `msg_…`, the reply. */
  messageId: Scalars['ID']['input'];
  /** One of its `versions`. */
  versionId: Scalars['ID']['input'];
};

/** What to do with a call that waits. */
export type AnswerToolCallInput = {
  /** Of one of the message's `toolCalls`. */
  toolCallId: Scalars['ID']['input'];
  /** True runs it; false tells the model that it was refused. */
  approved: Scalars['Boolean']['input'];
};

/** Which message. */
export type MessageIdInput = {
  /** `msg_…` */
  messageId: Scalars['ID']['input'];
};

/** A reaction to a message. */
export type ReactionInput = {
  /** `msg_…` */
  messageId: Scalars['ID']['input'];
  /** A single emoji (RGI, Unicode Technical Standard #51). */
  emoji: Scalars['String']['input'];
};

/** How far the viewer has read. */
export type MarkReadInput = {
  /** `cnv_…` */
  conversationId: Scalars['ID']['input'];
  /** A message's number, 0 to the newest one's. */
  upTo: Scalars['Int']['input'];
};

/** Whether the viewer is typing. */
export type SetTypingInput = {
  /** `cnv_…` */
  conversationId: Scalars['ID']['input'];
  /** True holds for six seconds; say it again while it goes on. */
  isTyping: Scalars['Boolean']['input'];
};

/** The conversation as it is now, or what is wrong. */
export type ConversationPayload = {
  __typename?: 'ConversationPayload';
  /** Null with a user error, and once the viewer cannot see it any more. */
  conversation?: Maybe<Conversation>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** What was deleted, or what is wrong. */
export type DeleteConversationPayload = {
  __typename?: 'DeleteConversationPayload';
  /** Null with a user error. */
  deletedConversationId?: Maybe<Scalars['ID']['output']>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** The message as it is now, or what is wrong. */
export type MessagePayload = {
  __typename?: 'MessagePayload';
  /** Null with a user error. */
  message?: Maybe<Message>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** Whether it will be told. */
export type SetTypingPayload = {
  __typename?: 'SetTypingPayload';
  /** True. */
  accepted: Scalars['Boolean']['output'];
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** The stored message and the reply it asked for, or what is wrong. */
export type SendMessagePayload = {
  __typename?: 'SendMessagePayload';
  /** Null with a user error. */
  message?: Maybe<Message>;
  /** The assistant's message, queued to be written; null when none was asked for. */
  reply?: Maybe<Message>;
  /** Empty when it worked. */
  userErrors: Array<UserError>;
};

/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type Mutation = {
  __typename?: 'Mutation';
  /** Makes a conversation with the viewer as its owner. A DIRECT one nobody owns; where the two have one already, it is returned as it is. User errors: BAD_USER_INPUT, NOT_FOUND (a member), UNKNOWN_MODEL. Errors: UNAUTHENTICATED; SUBGRAPH_UNAVAILABLE while members cannot be looked up. */
  createConversation?: Maybe<ConversationPayload>;
  /** Changes title, topic or assistant: for OWNER and ADMIN; in a DIRECT conversation both may change the assistant, and there is no title or topic. User errors: BAD_USER_INPUT, UNKNOWN_MODEL. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  updateConversation?: Maybe<ConversationPayload>;
  /** Deletes a conversation for everybody, with all that was said: for OWNER, and for moderators in a GROUP or CHANNEL. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  deleteConversation?: Maybe<DeleteConversationPayload>;
  /** Joins a CHANNEL; for who is in it already nothing changes. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN in any other kind. */
  joinChannel?: Maybe<ConversationPayload>;
  /** Leaves a GROUP or CHANNEL; `conversation` is then null in a GROUP. User errors: LAST_OWNER, also in an ASSISTANT conversation, which its owner deletes instead. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN in a DIRECT conversation, or without being a member. */
  leaveConversation?: Maybe<ConversationPayload>;
  /** Adds people to a GROUP or CHANNEL, all of them or none: for OWNER and ADMIN. User errors: BAD_USER_INPUT, NOT_FOUND (a person), ALREADY_MEMBER. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN; SUBGRAPH_UNAVAILABLE while people cannot be looked up. */
  addMembers?: Maybe<ConversationPayload>;
  /** Takes somebody out of a GROUP or CHANNEL: OWNER anybody, ADMIN those who are MEMBER, moderators anybody; oneself as by leaveConversation. When a moderator removes the last owner, the longest-standing ADMIN, or else member, becomes the owner. User errors: NOT_FOUND (no such member), LAST_OWNER (nobody would be left: delete the conversation). Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  removeMember?: Maybe<ConversationPayload>;
  /** Sets what a member of a GROUP or CHANNEL may do: for OWNER. User errors: NOT_FOUND (no such member), LAST_OWNER. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  setMemberRole?: Maybe<ConversationPayload>;
  /** Sets whether the viewer wants notifications from a conversation. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN without being a member. */
  muteConversation?: Maybe<ConversationPayload>;
  /** Stores a message, exactly once for each `clientId`, and asks the assistant where one is meant. User errors: BAD_USER_INPUT, NOT_FOUND (replyToId), IDEMPOTENCY_CONFLICT. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN without being a member. */
  sendMessage?: Maybe<SendMessagePayload>;
  /** Changes one's own message; what it said before is kept in `edits`. It asks the assistant nothing unless `regenerate` is true; then a user error means that nothing was changed. User errors: BAD_USER_INPUT (also after 30 edits, and `regenerate` of a message that has no reply), NOT_FOUND (it was deleted), REPLY_RUNNING, QUOTA_EXCEEDED. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  editMessage?: Maybe<MessagePayload>;
  /** Deletes a message: its text, edits, mentions and reactions go, its number stays. For its author and whoever asked for the reply that it is, while they are members, and for moderators, who need not be: to them the conversation of the deleted message stays NOT_FOUND, so they ask for its `id` and `deletedAt` alone. Deleting again changes nothing. User errors: REPLY_RUNNING. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  deleteMessage?: Maybe<MessagePayload>;
  /** Ends a reply that is queued or being written, and keeps its text so far; the model is let go of within a second. Cancelling again changes nothing. For whoever asked for it, and for OWNER and ADMIN of the conversation. User errors: BAD_USER_INPUT (not a reply), REPLY_NOT_RUNNING. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  cancelReply?: Maybe<MessagePayload>;
  /** Has the assistant answer once more: a new version of the reply, which is selected, with the conversation before it as it is now. For whoever asked for it, and for OWNER and ADMIN of the conversation; it costs the viewer. User errors: BAD_USER_INPUT (not a reply, or its 21st version), NOT_FOUND (it or its question was deleted), UNKNOWN_MODEL, REPLY_RUNNING, QUOTA_EXCEEDED. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  regenerateReply?: Maybe<MessagePayload>;
  /** Has the assistant go on with a reply that was cancelled, interrupted, failed, or came to its longest: the text stays and grows. For whoever asked for it, and for OWNER and ADMIN of the conversation; it costs the viewer. User errors: BAD_USER_INPUT (not a reply, or one that is whole or as long as any may be), NOT_FOUND (it or its question was deleted), REPLY_RUNNING, QUOTA_EXCEEDED. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  continueReply?: Maybe<MessagePayload>;
  /** Shows another version of a reply, to everybody. For whoever asked for it, and for OWNER and ADMIN of the conversation. User errors: BAD_USER_INPUT (not a reply), NOT_FOUND (no such version, or the message was deleted), REPLY_RUNNING. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  selectReplyVersion?: Maybe<MessagePayload>;
  /** Lets a tool do what the assistant asked for, or not; the reply then goes on. Answering again as before changes nothing. For whoever asked for the reply. User errors: BAD_USER_INPUT (it was answered otherwise, or does not wait any more). Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN. */
  answerToolCall?: Maybe<MessagePayload>;
  /** Adds the viewer's reaction; once more changes nothing. User errors: BAD_USER_INPUT (no emoji, or a 51st one), NOT_FOUND (it was deleted). Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN without being a member. */
  addReaction?: Maybe<MessagePayload>;
  /** Takes the viewer's reaction back; without one nothing changes. User errors: BAD_USER_INPUT, NOT_FOUND (it was deleted). Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN without being a member. */
  removeReaction?: Maybe<MessagePayload>;
  /** Moves the viewer's read marker forward; backward it never goes. User errors: BAD_USER_INPUT (beyond the newest message). Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN without being a member. */
  markRead?: Maybe<ConversationPayload>;
  /** Tells who follows the conversation that the viewer is typing, for six seconds. Nothing is stored. Errors: UNAUTHENTICATED; NOT_FOUND; FORBIDDEN without being a member. */
  setTyping?: Maybe<SetTypingPayload>;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationCreateConversationArgs = {
  input: CreateConversationInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationUpdateConversationArgs = {
  input: UpdateConversationInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationDeleteConversationArgs = {
  input: ConversationIdInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationJoinChannelArgs = {
  input: ConversationIdInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationLeaveConversationArgs = {
  input: ConversationIdInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationAddMembersArgs = {
  input: AddMembersInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationRemoveMemberArgs = {
  input: RemoveMemberInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationSetMemberRoleArgs = {
  input: SetMemberRoleInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationMuteConversationArgs = {
  input: MuteConversationInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationSendMessageArgs = {
  input: SendMessageInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationEditMessageArgs = {
  input: EditMessageInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationDeleteMessageArgs = {
  input: MessageIdInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationCancelReplyArgs = {
  input: MessageIdInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationRegenerateReplyArgs = {
  input: RegenerateReplyInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationContinueReplyArgs = {
  input: MessageIdInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationSelectReplyVersionArgs = {
  input: SelectReplyVersionInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationAnswerToolCallArgs = {
  input: AnswerToolCallInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationAddReactionArgs = {
  input: ReactionInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationRemoveReactionArgs = {
  input: ReactionInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationMarkReadArgs = {
  input: MarkReadInput;
};


/** Writing. Each takes one `input` and answers with what changed and the `userErrors` its sender can put right. */
export type MutationSetTypingArgs = {
  input: SetTypingInput;
};

/** Something that happened in a conversation. Durable events carry a unique cursor; CaughtUp and Reset carry the head's; ephemeral ones carry null. */
export type ConversationEvent = {
  /** Where the log stands with this event; null for ephemeral ones. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
};

/** A message was stored; one for every `number`, the assistant's included. */
export type MessageAdded = ConversationEvent & {
  __typename?: 'MessageAdded';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** The message as it is now. */
  message: Message;
};

/** A message's text was changed by its author, or whom it mentions became known, or the account of one of them was deleted; or a reply shows another version, or a tool call of it has moved on. */
export type MessageEdited = ConversationEvent & {
  __typename?: 'MessageEdited';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** The message as it is now. */
  message: Message;
};

/** A message was deleted; its number stays. */
export type MessageDeleted = ConversationEvent & {
  __typename?: 'MessageDeleted';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** `msg_…` */
  messageId: Scalars['ID']['output'];
  /** Its number. */
  number: Scalars['Int']['output'];
};

/** Somebody reacted to a message, or took it back. */
export type ReactionsChanged = ConversationEvent & {
  __typename?: 'ReactionsChanged';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** The message as it is now. */
  message: Message;
};

/** Somebody became a member; those who were there from the beginning are not told of. */
export type MemberAdded = ConversationEvent & {
  __typename?: 'MemberAdded';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** Who; null once the account is deleted. */
  user?: Maybe<User>;
  /** What they could do then. */
  role: MemberRole;
};

/** Somebody is no longer a member. When their account was deleted, their messages have no author from then on, and MessageEdited is not sent for them. */
export type MemberRemoved = ConversationEvent & {
  __typename?: 'MemberRemoved';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** `usr_…` */
  userId: Scalars['ID']['output'];
};

/** A member may do something else from now on. */
export type MemberRoleChanged = ConversationEvent & {
  __typename?: 'MemberRoleChanged';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** Who; null once the account is deleted. */
  user?: Maybe<User>;
  /** What they could do then. */
  role: MemberRole;
};

/** Title, topic or assistant changed. */
export type ConversationUpdated = ConversationEvent & {
  __typename?: 'ConversationUpdated';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** The conversation as it is now. */
  conversation: Conversation;
};

/** The conversation was deleted; the stream completes after it. */
export type ConversationDeleted = ConversationEvent & {
  __typename?: 'ConversationDeleted';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** `cnv_…` */
  conversationId: Scalars['ID']['output'];
};

/** A worker began to write a version of a reply, or to go on with it. */
export type ReplyStarted = ConversationEvent & {
  __typename?: 'ReplyStarted';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** The assistant's message. */
  message: Message;
};

/** A reply has ended, well or not; its body no longer changes, unless somebody asks for another version or for more of it. */
export type ReplyFinished = ConversationEvent & {
  __typename?: 'ReplyFinished';
  /** Where the log stands with this event. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** The assistant's message, whole. */
  message: Message;
};

/** Ephemeral: a reply grew. Apply it as `text = text.slice(0, offset) + event.text` for the newest attempt. */
export type ReplyTextAppended = ConversationEvent & {
  __typename?: 'ReplyTextAppended';
  /** Always null. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** The assistant's message. */
  messageId: Scalars['ID']['output'];
  /** Which attempt the text belongs to; a higher one replaces all behind its first offset. */
  attempt: Scalars['Int']['output'];
  /** Where the piece begins, in UTF-16 code units. */
  offset: Scalars['Int']['output'];
  /** The piece. */
  text: Scalars['String']['output'];
};

/** Ephemeral: a member has read further. */
export type ReadMarkerMoved = ConversationEvent & {
  __typename?: 'ReadMarkerMoved';
  /** Always null. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** `usr_…` */
  userId: Scalars['ID']['output'];
  /** The number of the last message they have read. */
  upTo: Scalars['Int']['output'];
};

/** Ephemeral: a member began or ceased to type. It ceases by itself six seconds after it was last said, and with their message. */
export type TypingChanged = ConversationEvent & {
  __typename?: 'TypingChanged';
  /** Always null. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** `usr_…` */
  userId: Scalars['ID']['output'];
  /** Whether they type now. */
  isTyping: Scalars['Boolean']['output'];
};

/** The viewer may not see the conversation any more; the stream completes after it. */
export type AccessRevoked = ConversationEvent & {
  __typename?: 'AccessRevoked';
  /** Always null. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** Why, in a sentence. */
  reason: Scalars['String']['output'];
};

/** Everything up to the cursor has been delivered. Sent after replaying, and every 15 to 20 seconds of silence. */
export type CaughtUp = ConversationEvent & {
  __typename?: 'CaughtUp';
  /** The head's. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
};

/** The events after the given cursor cannot all be delivered: read the conversation again; the stream goes on live from here. */
export type Reset = ConversationEvent & {
  __typename?: 'Reset';
  /** The head's. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** Why, in a sentence. */
  reason: Scalars['String']['output'];
};

/** The server that the events come from stops: subscribe again with the last cursor. A gateway that takes up `@resumable` streams does so itself, and its clients never see this; without one the stream completes after it. */
export type Draining = ConversationEvent & {
  __typename?: 'Draining';
  /** Null: it is not in the log. */
  cursor?: Maybe<Scalars['Cursor']['output']>;
  /** Subscribe again within this many milliseconds, at a moment of your own choice. */
  reconnectWithinMs: Scalars['Int']['output'];
};

/** How much of a reply a client has. */
export type StreamPosition = {
  /** Of the last event applied. */
  attempt: Scalars['Int']['input'];
  /** How many UTF-16 code units of that attempt's text. */
  offset: Scalars['Int']['input'];
};

/** A step of a growing reply. */
export type ReplyEvent = {
  /** Rises each time a worker begins or takes over. */
  attempt: Scalars['Int']['output'];
};

/** The reply grew. Apply it as `text = text.slice(0, offset) + event.text`. */
export type ReplyText = ReplyEvent & {
  __typename?: 'ReplyText';
  /** Which attempt the text belongs to. */
  attempt: Scalars['Int']['output'];
  /** Where the piece begins, in UTF-16 code units. */
  offset: Scalars['Int']['output'];
  /** The piece. */
  text: Scalars['String']['output'];
};

/** A new attempt begins: keep this much of the text. */
export type ReplyRestarted = ReplyEvent & {
  __typename?: 'ReplyRestarted';
  /** The new attempt. */
  attempt: Scalars['Int']['output'];
  /** How many UTF-16 code units of the text stay. */
  keepOffset: Scalars['Int']['output'];
};

/** The reply has ended; the stream completes after it. */
export type ReplyEnded = ReplyEvent & {
  __typename?: 'ReplyEnded';
  /** The last attempt. */
  attempt: Scalars['Int']['output'];
  /** How it ended. */
  status: GenerationStatus;
  /** The text's length in UTF-16 code units. */
  length: Scalars['Int']['output'];
  /** Lower-case hex SHA-256 of the text in UTF-8. */
  sha256: Scalars['String']['output'];
  /** The assistant's message, whole. */
  message: Message;
};

/** Something that happened to the viewer's list of conversations. Several changes of one conversation may come as one event. */
export type InboxEvent = {
  /** `cnv_…` */
  conversationId: Scalars['ID']['output'];
};

/** A conversation is new in the viewer's list, or something in it changed: messages, members, settings, the viewer's own marker. */
export type InboxConversationChanged = InboxEvent & {
  __typename?: 'InboxConversationChanged';
  /** `cnv_…` */
  conversationId: Scalars['ID']['output'];
  /** As it is now. */
  conversation: Conversation;
};

/** A conversation is no longer in the viewer's list: they left or were removed, or it was deleted. */
export type InboxConversationRemoved = InboxEvent & {
  __typename?: 'InboxConversationRemoved';
  /** `cnv_…` */
  conversationId: Scalars['ID']['output'];
};

/** Somebody's presence, now. */
export type PresenceChange = {
  __typename?: 'PresenceChange';
  /** `usr_…` */
  userId: Scalars['ID']['output'];
  /** As it is now. */
  presence: Presence;
};

/** What happens, as it happens, over graphql-transport-ws at the path of the endpoint. */
export type Subscription = {
  __typename?: 'Subscription';
  /** Every message stored after `after` (a message number), or from now on. Errors: UNAUTHENTICATED; NOT_FOUND; BAD_USER_INPUT when `after` is more than 1,000 behind the newest number or beyond it, and when a restored database may number the messages anew while the stream is open: read `messages` anew. */
  messageAdded: Message;
  /** Everything that happens in a conversation: first what came after the cursor, then CaughtUp, then live. Errors: UNAUTHENTICATED; NOT_FOUND. */
  conversationEvents: ConversationEvent;
  /** What changes in the viewer's list of conversations, from now on: subscribe, then read `conversations`. Latest wins. Errors: UNAUTHENTICATED. */
  inbox: InboxEvent;
  /** The presence of these people: as it is now, then whenever it changes. Latest wins. Errors: UNAUTHENTICATED; BAD_USER_INPUT for an id that is no user's, or more than 100. */
  presence: PresenceChange;
  /** A reply as it grows: the text so far (or what is missing after `after`), then live, then ReplyEnded. Errors: UNAUTHENTICATED; NOT_FOUND; BAD_USER_INPUT when the message is not a reply. */
  replyStream: ReplyEvent;
};


/** What happens, as it happens, over graphql-transport-ws at the path of the endpoint. */
export type SubscriptionMessageAddedArgs = {
  conversationId: Scalars['ID']['input'];
  after?: InputMaybe<Scalars['Int']['input']>;
};


/** What happens, as it happens, over graphql-transport-ws at the path of the endpoint. */
export type SubscriptionConversationEventsArgs = {
  conversationId: Scalars['ID']['input'];
  after?: InputMaybe<Scalars['Cursor']['input']>;
  includeReplyText?: InputMaybe<Scalars['Boolean']['input']>;
};


/** What happens, as it happens, over graphql-transport-ws at the path of the endpoint. */
export type SubscriptionPresenceArgs = {
  userIds: Array<Scalars['ID']['input']>;
};


/** What happens, as it happens, over graphql-transport-ws at the path of the endpoint. */
export type SubscriptionReplyStreamArgs = {
  messageId: Scalars['ID']['input'];
  after?: InputMaybe<StreamPosition>;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;

export type ReferenceResolver<TResult, TReference, TContext> = (
      reference: TReference,
      context: TContext,
      info: GraphQLResolveInfo
    ) => Promise<TResult> | TResult;

      type ScalarCheck<T, S> = S extends true ? T : NullableCheck<T, S>;
      type NullableCheck<T, S> = Maybe<T> extends T ? Maybe<ListCheck<NonNullable<T>, S>> : ListCheck<T, S>;
      type ListCheck<T, S> = T extends (infer U)[] ? NullableCheck<U, S>[] : GraphQLRecursivePick<T, S>;
      export type GraphQLRecursivePick<T, S> = { [K in keyof T & keyof S]: ScalarCheck<T[K], S[K]> };
    
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, TResult, TContext, TArgs>;
}

export type SubscriptionObject<TResult, _TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

/** Mapping of federation types */
export type FederationTypes = {
  User: User;
  Conversation: Conversation;
  Message: Message;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  User:
    ( { __typename: 'User' }
    & GraphQLRecursivePick<FederationTypes['User'], {"id":true}> );
  Conversation:
    ( { __typename: 'Conversation' }
    & GraphQLRecursivePick<FederationTypes['Conversation'], {"id":true}> );
  Message:
    ( { __typename: 'Message' }
    & GraphQLRecursivePick<FederationTypes['Message'], {"id":true}> );
};


/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  ConversationEvent:
    | ( MessageEventEntity & { __typename: 'MessageAdded' } )
    | ( MessageEventEntity & { __typename: 'MessageEdited' } )
    | ( MessageEventEntity & { __typename: 'MessageDeleted' } )
    | ( MessageEventEntity & { __typename: 'ReactionsChanged' } )
    | ( MemberEventEntity & { __typename: 'MemberAdded' } )
    | ( MemberEventEntity & { __typename: 'MemberRemoved' } )
    | ( MemberEventEntity & { __typename: 'MemberRoleChanged' } )
    | ( ConversationEventEntity & { __typename: 'ConversationUpdated' } )
    | ( ConversationEventEntity & { __typename: 'ConversationDeleted' } )
    | ( MessageEventEntity & { __typename: 'ReplyStarted' } )
    | ( MessageEventEntity & { __typename: 'ReplyFinished' } )
    | ( ReplyTextAppended & { __typename: 'ReplyTextAppended' } )
    | ( ReadMarkerMoved & { __typename: 'ReadMarkerMoved' } )
    | ( TypingChanged & { __typename: 'TypingChanged' } )
    | ( AccessRevoked & { __typename: 'AccessRevoked' } )
    | ( CaughtUp & { __typename: 'CaughtUp' } )
    | ( Reset & { __typename: 'Reset' } )
    | ( Draining & { __typename: 'Draining' } )
  ;
  ReplyEvent:
    | ( ReplyText & { __typename: 'ReplyText' } )
    | ( ReplyRestarted & { __typename: 'ReplyRestarted' } )
    | ( ReplyEndedEntity & { __typename: 'ReplyEnded' } )
  ;
  InboxEvent:
    | ( InboxItemEntity & { __typename: 'InboxConversationChanged' } )
    | ( InboxItemEntity & { __typename: 'InboxConversationRemoved' } )
  ;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  UUID: ResolverTypeWrapper<Scalars['UUID']['output']>;
  ErrorCode: ErrorCode;
  UserError: ResolverTypeWrapper<UserError>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  ConversationKind: ConversationKind;
  MemberRole: MemberRole;
  MessageRole: MessageRole;
  PresenceStatus: PresenceStatus;
  GenerationStatus: GenerationStatus;
  ToolCallStatus: ToolCallStatus;
  User: ResolverTypeWrapper<UserReferenceEntity>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Presence: ResolverTypeWrapper<Presence>;
  Conversation: ResolverTypeWrapper<ConversationEntity>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  AssistantSettings: ResolverTypeWrapper<AssistantSettings>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  Member: ResolverTypeWrapper<MemberEntity>;
  MemberConnection: ResolverTypeWrapper<Omit<MemberConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['MemberEdge']>, nodes: Array<ResolversTypes['Member']> }>;
  MemberEdge: ResolverTypeWrapper<Omit<MemberEdge, 'node'> & { node: ResolversTypes['Member'] }>;
  Message: ResolverTypeWrapper<MessageEntity>;
  MessageEdit: ResolverTypeWrapper<MessageEdit>;
  Reaction: ResolverTypeWrapper<Reaction>;
  ReplyVersion: ResolverTypeWrapper<VersionFactsEntity>;
  ToolCall: ResolverTypeWrapper<ToolCallEntity>;
  Generation: ResolverTypeWrapper<VersionFactsEntity>;
  TokenUsage: ResolverTypeWrapper<TokenUsage>;
  GenerationError: ResolverTypeWrapper<GenerationError>;
  ConversationConnection: ResolverTypeWrapper<Omit<ConversationConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['ConversationEdge']>, nodes: Array<ResolversTypes['Conversation']> }>;
  ConversationEdge: ResolverTypeWrapper<Omit<ConversationEdge, 'node'> & { node: ResolversTypes['Conversation'] }>;
  MessageConnection: ResolverTypeWrapper<Omit<MessageConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['MessageEdge']>, nodes: Array<ResolversTypes['Message']> }>;
  MessageEdge: ResolverTypeWrapper<Omit<MessageEdge, 'node'> & { node: ResolversTypes['Message'] }>;
  AssistantModel: ResolverTypeWrapper<AssistantModel>;
  Usage: ResolverTypeWrapper<Usage>;
  UsageDay: ResolverTypeWrapper<UsageDay>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  AssistantSettingsInput: AssistantSettingsInput;
  CreateConversationInput: CreateConversationInput;
  SendMessageInput: SendMessageInput;
  UpdateConversationInput: UpdateConversationInput;
  ConversationIdInput: ConversationIdInput;
  AddMembersInput: AddMembersInput;
  RemoveMemberInput: RemoveMemberInput;
  SetMemberRoleInput: SetMemberRoleInput;
  MuteConversationInput: MuteConversationInput;
  EditMessageInput: EditMessageInput;
  RegenerateReplyInput: RegenerateReplyInput;
  SelectReplyVersionInput: SelectReplyVersionInput;
  AnswerToolCallInput: AnswerToolCallInput;
  MessageIdInput: MessageIdInput;
  ReactionInput: ReactionInput;
  MarkReadInput: MarkReadInput;
  SetTypingInput: SetTypingInput;
  ConversationPayload: ResolverTypeWrapper<Omit<ConversationPayload, 'conversation'> & { conversation?: Maybe<ResolversTypes['Conversation']> }>;
  DeleteConversationPayload: ResolverTypeWrapper<DeleteConversationPayload>;
  MessagePayload: ResolverTypeWrapper<Omit<MessagePayload, 'message'> & { message?: Maybe<ResolversTypes['Message']> }>;
  SetTypingPayload: ResolverTypeWrapper<SetTypingPayload>;
  SendMessagePayload: ResolverTypeWrapper<Omit<SendMessagePayload, 'message' | 'reply'> & { message?: Maybe<ResolversTypes['Message']>, reply?: Maybe<ResolversTypes['Message']> }>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  ConversationEvent: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['ConversationEvent']>;
  MessageAdded: ResolverTypeWrapper<MessageEventEntity>;
  MessageEdited: ResolverTypeWrapper<MessageEventEntity>;
  MessageDeleted: ResolverTypeWrapper<MessageEventEntity>;
  ReactionsChanged: ResolverTypeWrapper<MessageEventEntity>;
  MemberAdded: ResolverTypeWrapper<MemberEventEntity>;
  MemberRemoved: ResolverTypeWrapper<MemberEventEntity>;
  MemberRoleChanged: ResolverTypeWrapper<MemberEventEntity>;
  ConversationUpdated: ResolverTypeWrapper<ConversationEventEntity>;
  ConversationDeleted: ResolverTypeWrapper<ConversationEventEntity>;
  ReplyStarted: ResolverTypeWrapper<MessageEventEntity>;
  ReplyFinished: ResolverTypeWrapper<MessageEventEntity>;
  ReplyTextAppended: ResolverTypeWrapper<ReplyTextAppended>;
  ReadMarkerMoved: ResolverTypeWrapper<ReadMarkerMoved>;
  TypingChanged: ResolverTypeWrapper<TypingChanged>;
  AccessRevoked: ResolverTypeWrapper<AccessRevoked>;
  CaughtUp: ResolverTypeWrapper<CaughtUp>;
  Reset: ResolverTypeWrapper<Reset>;
  Draining: ResolverTypeWrapper<Draining>;
  StreamPosition: StreamPosition;
  ReplyEvent: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['ReplyEvent']>;
  ReplyText: ResolverTypeWrapper<ReplyText>;
  ReplyRestarted: ResolverTypeWrapper<ReplyRestarted>;
  ReplyEnded: ResolverTypeWrapper<ReplyEndedEntity>;
  InboxEvent: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['InboxEvent']>;
  InboxConversationChanged: ResolverTypeWrapper<InboxItemEntity>;
  InboxConversationRemoved: ResolverTypeWrapper<InboxItemEntity>;
  PresenceChange: ResolverTypeWrapper<PresenceItemEntity>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  DateTime: Scalars['DateTime']['output'];
  Cursor: Scalars['Cursor']['output'];
  UUID: Scalars['UUID']['output'];
  UserError: UserError;
  String: Scalars['String']['output'];
  PageInfo: PageInfo;
  Boolean: Scalars['Boolean']['output'];
  User: UserReferenceEntity;
  ID: Scalars['ID']['output'];
  Presence: Presence;
  Conversation: ConversationEntity;
  Int: Scalars['Int']['output'];
  AssistantSettings: AssistantSettings;
  Float: Scalars['Float']['output'];
  Member: MemberEntity;
  MemberConnection: Omit<MemberConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['MemberEdge']>, nodes: Array<ResolversParentTypes['Member']> };
  MemberEdge: Omit<MemberEdge, 'node'> & { node: ResolversParentTypes['Member'] };
  Message: MessageEntity;
  MessageEdit: MessageEdit;
  Reaction: Reaction;
  ReplyVersion: VersionFactsEntity;
  ToolCall: ToolCallEntity;
  Generation: VersionFactsEntity;
  TokenUsage: TokenUsage;
  GenerationError: GenerationError;
  ConversationConnection: Omit<ConversationConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['ConversationEdge']>, nodes: Array<ResolversParentTypes['Conversation']> };
  ConversationEdge: Omit<ConversationEdge, 'node'> & { node: ResolversParentTypes['Conversation'] };
  MessageConnection: Omit<MessageConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['MessageEdge']>, nodes: Array<ResolversParentTypes['Message']> };
  MessageEdge: Omit<MessageEdge, 'node'> & { node: ResolversParentTypes['Message'] };
  AssistantModel: AssistantModel;
  Usage: Usage;
  UsageDay: UsageDay;
  Query: Record<PropertyKey, never>;
  AssistantSettingsInput: AssistantSettingsInput;
  CreateConversationInput: CreateConversationInput;
  SendMessageInput: SendMessageInput;
  UpdateConversationInput: UpdateConversationInput;
  ConversationIdInput: ConversationIdInput;
  AddMembersInput: AddMembersInput;
  RemoveMemberInput: RemoveMemberInput;
  SetMemberRoleInput: SetMemberRoleInput;
  MuteConversationInput: MuteConversationInput;
  EditMessageInput: EditMessageInput;
  RegenerateReplyInput: RegenerateReplyInput;
  SelectReplyVersionInput: SelectReplyVersionInput;
  AnswerToolCallInput: AnswerToolCallInput;
  MessageIdInput: MessageIdInput;
  ReactionInput: ReactionInput;
  MarkReadInput: MarkReadInput;
  SetTypingInput: SetTypingInput;
  ConversationPayload: Omit<ConversationPayload, 'conversation'> & { conversation?: Maybe<ResolversParentTypes['Conversation']> };
  DeleteConversationPayload: DeleteConversationPayload;
  MessagePayload: Omit<MessagePayload, 'message'> & { message?: Maybe<ResolversParentTypes['Message']> };
  SetTypingPayload: SetTypingPayload;
  SendMessagePayload: Omit<SendMessagePayload, 'message' | 'reply'> & { message?: Maybe<ResolversParentTypes['Message']>, reply?: Maybe<ResolversParentTypes['Message']> };
  Mutation: Record<PropertyKey, never>;
  ConversationEvent: ResolversInterfaceTypes<ResolversParentTypes>['ConversationEvent'];
  MessageAdded: MessageEventEntity;
  MessageEdited: MessageEventEntity;
  MessageDeleted: MessageEventEntity;
  ReactionsChanged: MessageEventEntity;
  MemberAdded: MemberEventEntity;
  MemberRemoved: MemberEventEntity;
  MemberRoleChanged: MemberEventEntity;
  ConversationUpdated: ConversationEventEntity;
  ConversationDeleted: ConversationEventEntity;
  ReplyStarted: MessageEventEntity;
  ReplyFinished: MessageEventEntity;
  ReplyTextAppended: ReplyTextAppended;
  ReadMarkerMoved: ReadMarkerMoved;
  TypingChanged: TypingChanged;
  AccessRevoked: AccessRevoked;
  CaughtUp: CaughtUp;
  Reset: Reset;
  Draining: Draining;
  StreamPosition: StreamPosition;
  ReplyEvent: ResolversInterfaceTypes<ResolversParentTypes>['ReplyEvent'];
  ReplyText: ReplyText;
  ReplyRestarted: ReplyRestarted;
  ReplyEnded: ReplyEndedEntity;
  InboxEvent: ResolversInterfaceTypes<ResolversParentTypes>['InboxEvent'];
  InboxConversationChanged: InboxItemEntity;
  InboxConversationRemoved: InboxItemEntity;
  PresenceChange: PresenceItemEntity;
  Subscription: Record<PropertyKey, never>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], unknown> {
  name: 'DateTime';
}

export interface CursorScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Cursor'], unknown> {
  name: 'Cursor';
}

export interface UuidScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['UUID'], unknown> {
  name: 'UUID';
}

export type UserErrorResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['UserError'] = ResolversParentTypes['UserError']> = {
  code?: Resolver<ResolversTypes['ErrorCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  path?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  endCursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
};

export type UserResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['User'] = ResolversParentTypes['User'], FederationReferenceType extends FederationReferenceTypes['User'] = FederationReferenceTypes['User']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['User']> | FederationReferenceType, FederationReferenceType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  presence?: Resolver<Maybe<ResolversTypes['Presence']>, ParentType, ContextType>;
};

export type PresenceResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Presence'] = ResolversParentTypes['Presence']> = {
  status?: Resolver<ResolversTypes['PresenceStatus'], ParentType, ContextType>;
  lastSeenAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type ConversationResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Conversation'] = ResolversParentTypes['Conversation'], FederationReferenceType extends FederationReferenceTypes['Conversation'] = FederationReferenceTypes['Conversation']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Conversation']> | FederationReferenceType, FederationReferenceType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['ConversationKind'], ParentType, ContextType>;
  title?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  topic?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  lastActivityAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  lastMessage?: Resolver<Maybe<ResolversTypes['Message']>, ParentType, ContextType>;
  memberCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  members?: Resolver<Maybe<ResolversTypes['MemberConnection']>, ParentType, ContextType, Partial<ConversationMembersArgs>>;
  messages?: Resolver<Maybe<ResolversTypes['MessageConnection']>, ParentType, ContextType, Partial<ConversationMessagesArgs>>;
  assistant?: Resolver<Maybe<ResolversTypes['AssistantSettings']>, ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  viewerRole?: Resolver<Maybe<ResolversTypes['MemberRole']>, ParentType, ContextType>;
  unreadCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  mentionCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  isMuted?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type AssistantSettingsResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['AssistantSettings'] = ResolversParentTypes['AssistantSettings']> = {
  model?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  systemPrompt?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  temperature?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  maxOutputTokens?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
};

export type MemberResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Member'] = ResolversParentTypes['Member']> = {
  user?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  role?: Resolver<ResolversTypes['MemberRole'], ParentType, ContextType>;
  joinedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  readUpTo?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type MemberConnectionResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MemberConnection'] = ResolversParentTypes['MemberConnection']> = {
  edges?: Resolver<Array<ResolversTypes['MemberEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Member']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type MemberEdgeResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MemberEdge'] = ResolversParentTypes['MemberEdge']> = {
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Member'], ParentType, ContextType>;
};

export type MessageResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Message'] = ResolversParentTypes['Message'], FederationReferenceType extends FederationReferenceTypes['Message'] = FederationReferenceTypes['Message']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Message']> | FederationReferenceType, FederationReferenceType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  conversation?: Resolver<ResolversTypes['Conversation'], ParentType, ContextType>;
  number?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  role?: Resolver<ResolversTypes['MessageRole'], ParentType, ContextType>;
  author?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  body?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  editedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  deletedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  edits?: Resolver<Array<ResolversTypes['MessageEdit']>, ParentType, ContextType>;
  replyTo?: Resolver<Maybe<ResolversTypes['Message']>, ParentType, ContextType>;
  replies?: Resolver<Maybe<ResolversTypes['MessageConnection']>, ParentType, ContextType, Partial<MessageRepliesArgs>>;
  replyCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  reactions?: Resolver<Array<ResolversTypes['Reaction']>, ParentType, ContextType>;
  mentions?: Resolver<Array<Maybe<ResolversTypes['User']>>, ParentType, ContextType>;
  clientId?: Resolver<Maybe<ResolversTypes['UUID']>, ParentType, ContextType>;
  generation?: Resolver<Maybe<ResolversTypes['Generation']>, ParentType, ContextType>;
  versions?: Resolver<Array<ResolversTypes['ReplyVersion']>, ParentType, ContextType>;
  toolCalls?: Resolver<Array<ResolversTypes['ToolCall']>, ParentType, ContextType>;
  viewerCanEdit?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCanDelete?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type MessageEditResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MessageEdit'] = ResolversParentTypes['MessageEdit']> = {
  body?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  editedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
};

export type ReactionResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Reaction'] = ResolversParentTypes['Reaction']> = {
  emoji?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  viewerHasReacted?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type ReplyVersionResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReplyVersion'] = ResolversParentTypes['ReplyVersion']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  body?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  isSelected?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  generation?: Resolver<ResolversTypes['Generation'], ParentType, ContextType>;
};

export type ToolCallResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ToolCall'] = ResolversParentTypes['ToolCall']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  arguments?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  result?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  status?: Resolver<ResolversTypes['ToolCallStatus'], ParentType, ContextType>;
};

export type GenerationResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Generation'] = ResolversParentTypes['Generation']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['GenerationStatus'], ParentType, ContextType>;
  model?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  usage?: Resolver<Maybe<ResolversTypes['TokenUsage']>, ParentType, ContextType>;
  startedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  firstTokenAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  finishedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['GenerationError']>, ParentType, ContextType>;
  omittedMessages?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  summarisedMessages?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type TokenUsageResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['TokenUsage'] = ResolversParentTypes['TokenUsage']> = {
  inputTokens?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  outputTokens?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  totalTokens?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  isEstimated?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type GenerationErrorResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['GenerationError'] = ResolversParentTypes['GenerationError']> = {
  code?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type ConversationConnectionResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ConversationConnection'] = ResolversParentTypes['ConversationConnection']> = {
  edges?: Resolver<Array<ResolversTypes['ConversationEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Conversation']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type ConversationEdgeResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ConversationEdge'] = ResolversParentTypes['ConversationEdge']> = {
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Conversation'], ParentType, ContextType>;
};

export type MessageConnectionResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MessageConnection'] = ResolversParentTypes['MessageConnection']> = {
  edges?: Resolver<Array<ResolversTypes['MessageEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Message']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type MessageEdgeResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MessageEdge'] = ResolversParentTypes['MessageEdge']> = {
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Message'], ParentType, ContextType>;
};

export type AssistantModelResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['AssistantModel'] = ResolversParentTypes['AssistantModel']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  contextTokens?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  isDefault?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  isDemo?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type UsageResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Usage'] = ResolversParentTypes['Usage']> = {
  inputTokens?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  outputTokens?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  totalTokens?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  replies?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  days?: Resolver<Array<ResolversTypes['UsageDay']>, ParentType, ContextType>;
};

export type UsageDayResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['UsageDay'] = ResolversParentTypes['UsageDay']> = {
  date?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  model?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  inputTokens?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  outputTokens?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  replies?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type QueryResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  conversations?: Resolver<Maybe<ResolversTypes['ConversationConnection']>, ParentType, ContextType, Partial<QueryConversationsArgs>>;
  conversation?: Resolver<Maybe<ResolversTypes['Conversation']>, ParentType, ContextType, RequireFields<QueryConversationArgs, 'id'>>;
  message?: Resolver<Maybe<ResolversTypes['Message']>, ParentType, ContextType, RequireFields<QueryMessageArgs, 'id'>>;
  channels?: Resolver<Maybe<ResolversTypes['ConversationConnection']>, ParentType, ContextType, Partial<QueryChannelsArgs>>;
  searchMessages?: Resolver<Maybe<ResolversTypes['MessageConnection']>, ParentType, ContextType, RequireFields<QuerySearchMessagesArgs, 'query'>>;
  models?: Resolver<Maybe<Array<ResolversTypes['AssistantModel']>>, ParentType, ContextType>;
  usage?: Resolver<Maybe<ResolversTypes['Usage']>, ParentType, ContextType, Partial<QueryUsageArgs>>;
};

export type ConversationPayloadResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ConversationPayload'] = ResolversParentTypes['ConversationPayload']> = {
  conversation?: Resolver<Maybe<ResolversTypes['Conversation']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type DeleteConversationPayloadResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['DeleteConversationPayload'] = ResolversParentTypes['DeleteConversationPayload']> = {
  deletedConversationId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type MessagePayloadResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MessagePayload'] = ResolversParentTypes['MessagePayload']> = {
  message?: Resolver<Maybe<ResolversTypes['Message']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type SetTypingPayloadResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['SetTypingPayload'] = ResolversParentTypes['SetTypingPayload']> = {
  accepted?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type SendMessagePayloadResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['SendMessagePayload'] = ResolversParentTypes['SendMessagePayload']> = {
  message?: Resolver<Maybe<ResolversTypes['Message']>, ParentType, ContextType>;
  reply?: Resolver<Maybe<ResolversTypes['Message']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type MutationResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  createConversation?: Resolver<Maybe<ResolversTypes['ConversationPayload']>, ParentType, ContextType, RequireFields<MutationCreateConversationArgs, 'input'>>;
  updateConversation?: Resolver<Maybe<ResolversTypes['ConversationPayload']>, ParentType, ContextType, RequireFields<MutationUpdateConversationArgs, 'input'>>;
  deleteConversation?: Resolver<Maybe<ResolversTypes['DeleteConversationPayload']>, ParentType, ContextType, RequireFields<MutationDeleteConversationArgs, 'input'>>;
  joinChannel?: Resolver<Maybe<ResolversTypes['ConversationPayload']>, ParentType, ContextType, RequireFields<MutationJoinChannelArgs, 'input'>>;
  leaveConversation?: Resolver<Maybe<ResolversTypes['ConversationPayload']>, ParentType, ContextType, RequireFields<MutationLeaveConversationArgs, 'input'>>;
  addMembers?: Resolver<Maybe<ResolversTypes['ConversationPayload']>, ParentType, ContextType, RequireFields<MutationAddMembersArgs, 'input'>>;
  removeMember?: Resolver<Maybe<ResolversTypes['ConversationPayload']>, ParentType, ContextType, RequireFields<MutationRemoveMemberArgs, 'input'>>;
  setMemberRole?: Resolver<Maybe<ResolversTypes['ConversationPayload']>, ParentType, ContextType, RequireFields<MutationSetMemberRoleArgs, 'input'>>;
  muteConversation?: Resolver<Maybe<ResolversTypes['ConversationPayload']>, ParentType, ContextType, RequireFields<MutationMuteConversationArgs, 'input'>>;
  sendMessage?: Resolver<Maybe<ResolversTypes['SendMessagePayload']>, ParentType, ContextType, RequireFields<MutationSendMessageArgs, 'input'>>;
  editMessage?: Resolver<Maybe<ResolversTypes['MessagePayload']>, ParentType, ContextType, RequireFields<MutationEditMessageArgs, 'input'>>;
  deleteMessage?: Resolver<Maybe<ResolversTypes['MessagePayload']>, ParentType, ContextType, RequireFields<MutationDeleteMessageArgs, 'input'>>;
  cancelReply?: Resolver<Maybe<ResolversTypes['MessagePayload']>, ParentType, ContextType, RequireFields<MutationCancelReplyArgs, 'input'>>;
  regenerateReply?: Resolver<Maybe<ResolversTypes['MessagePayload']>, ParentType, ContextType, RequireFields<MutationRegenerateReplyArgs, 'input'>>;
  continueReply?: Resolver<Maybe<ResolversTypes['MessagePayload']>, ParentType, ContextType, RequireFields<MutationContinueReplyArgs, 'input'>>;
  selectReplyVersion?: Resolver<Maybe<ResolversTypes['MessagePayload']>, ParentType, ContextType, RequireFields<MutationSelectReplyVersionArgs, 'input'>>;
  answerToolCall?: Resolver<Maybe<ResolversTypes['MessagePayload']>, ParentType, ContextType, RequireFields<MutationAnswerToolCallArgs, 'input'>>;
  addReaction?: Resolver<Maybe<ResolversTypes['MessagePayload']>, ParentType, ContextType, RequireFields<MutationAddReactionArgs, 'input'>>;
  removeReaction?: Resolver<Maybe<ResolversTypes['MessagePayload']>, ParentType, ContextType, RequireFields<MutationRemoveReactionArgs, 'input'>>;
  markRead?: Resolver<Maybe<ResolversTypes['ConversationPayload']>, ParentType, ContextType, RequireFields<MutationMarkReadArgs, 'input'>>;
  setTyping?: Resolver<Maybe<ResolversTypes['SetTypingPayload']>, ParentType, ContextType, RequireFields<MutationSetTypingArgs, 'input'>>;
};

export type ConversationEventResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ConversationEvent'] = ResolversParentTypes['ConversationEvent']> = {
  __resolveType: TypeResolveFn<'MessageAdded' | 'MessageEdited' | 'MessageDeleted' | 'ReactionsChanged' | 'MemberAdded' | 'MemberRemoved' | 'MemberRoleChanged' | 'ConversationUpdated' | 'ConversationDeleted' | 'ReplyStarted' | 'ReplyFinished' | 'ReplyTextAppended' | 'ReadMarkerMoved' | 'TypingChanged' | 'AccessRevoked' | 'CaughtUp' | 'Reset' | 'Draining', ParentType, ContextType>;
};

export type MessageAddedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MessageAdded'] = ResolversParentTypes['MessageAdded']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['Message'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MessageEditedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MessageEdited'] = ResolversParentTypes['MessageEdited']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['Message'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MessageDeletedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MessageDeleted'] = ResolversParentTypes['MessageDeleted']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  messageId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  number?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ReactionsChangedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReactionsChanged'] = ResolversParentTypes['ReactionsChanged']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['Message'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MemberAddedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MemberAdded'] = ResolversParentTypes['MemberAdded']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  user?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  role?: Resolver<ResolversTypes['MemberRole'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MemberRemovedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MemberRemoved'] = ResolversParentTypes['MemberRemoved']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  userId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MemberRoleChangedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['MemberRoleChanged'] = ResolversParentTypes['MemberRoleChanged']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  user?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  role?: Resolver<ResolversTypes['MemberRole'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ConversationUpdatedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ConversationUpdated'] = ResolversParentTypes['ConversationUpdated']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  conversation?: Resolver<ResolversTypes['Conversation'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ConversationDeletedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ConversationDeleted'] = ResolversParentTypes['ConversationDeleted']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  conversationId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ReplyStartedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReplyStarted'] = ResolversParentTypes['ReplyStarted']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['Message'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ReplyFinishedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReplyFinished'] = ResolversParentTypes['ReplyFinished']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['Message'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ReplyTextAppendedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReplyTextAppended'] = ResolversParentTypes['ReplyTextAppended']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  messageId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  offset?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ReadMarkerMovedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReadMarkerMoved'] = ResolversParentTypes['ReadMarkerMoved']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  userId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  upTo?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type TypingChangedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['TypingChanged'] = ResolversParentTypes['TypingChanged']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  userId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  isTyping?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type AccessRevokedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['AccessRevoked'] = ResolversParentTypes['AccessRevoked']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  reason?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type CaughtUpResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['CaughtUp'] = ResolversParentTypes['CaughtUp']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ResetResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Reset'] = ResolversParentTypes['Reset']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  reason?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type DrainingResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Draining'] = ResolversParentTypes['Draining']> = {
  cursor?: Resolver<Maybe<ResolversTypes['Cursor']>, ParentType, ContextType>;
  reconnectWithinMs?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ReplyEventResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReplyEvent'] = ResolversParentTypes['ReplyEvent']> = {
  __resolveType: TypeResolveFn<'ReplyText' | 'ReplyRestarted' | 'ReplyEnded', ParentType, ContextType>;
};

export type ReplyTextResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReplyText'] = ResolversParentTypes['ReplyText']> = {
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  offset?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ReplyRestartedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReplyRestarted'] = ResolversParentTypes['ReplyRestarted']> = {
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  keepOffset?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ReplyEndedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['ReplyEnded'] = ResolversParentTypes['ReplyEnded']> = {
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['GenerationStatus'], ParentType, ContextType>;
  length?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  sha256?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['Message'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type InboxEventResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['InboxEvent'] = ResolversParentTypes['InboxEvent']> = {
  __resolveType: TypeResolveFn<'InboxConversationChanged' | 'InboxConversationRemoved', ParentType, ContextType>;
};

export type InboxConversationChangedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['InboxConversationChanged'] = ResolversParentTypes['InboxConversationChanged']> = {
  conversationId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  conversation?: Resolver<ResolversTypes['Conversation'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type InboxConversationRemovedResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['InboxConversationRemoved'] = ResolversParentTypes['InboxConversationRemoved']> = {
  conversationId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type PresenceChangeResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['PresenceChange'] = ResolversParentTypes['PresenceChange']> = {
  userId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  presence?: Resolver<ResolversTypes['Presence'], ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = ChatContext, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  messageAdded?: SubscriptionResolver<ResolversTypes['Message'], "messageAdded", ParentType, ContextType, RequireFields<SubscriptionMessageAddedArgs, 'conversationId'>>;
  conversationEvents?: SubscriptionResolver<ResolversTypes['ConversationEvent'], "conversationEvents", ParentType, ContextType, RequireFields<SubscriptionConversationEventsArgs, 'conversationId' | 'includeReplyText'>>;
  inbox?: SubscriptionResolver<ResolversTypes['InboxEvent'], "inbox", ParentType, ContextType>;
  presence?: SubscriptionResolver<ResolversTypes['PresenceChange'], "presence", ParentType, ContextType, RequireFields<SubscriptionPresenceArgs, 'userIds'>>;
  replyStream?: SubscriptionResolver<ResolversTypes['ReplyEvent'], "replyStream", ParentType, ContextType, RequireFields<SubscriptionReplyStreamArgs, 'messageId'>>;
};

export type Resolvers<ContextType = ChatContext> = {
  DateTime?: GraphQLScalarType;
  Cursor?: GraphQLScalarType;
  UUID?: GraphQLScalarType;
  UserError?: UserErrorResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  User?: UserResolvers<ContextType>;
  Presence?: PresenceResolvers<ContextType>;
  Conversation?: ConversationResolvers<ContextType>;
  AssistantSettings?: AssistantSettingsResolvers<ContextType>;
  Member?: MemberResolvers<ContextType>;
  MemberConnection?: MemberConnectionResolvers<ContextType>;
  MemberEdge?: MemberEdgeResolvers<ContextType>;
  Message?: MessageResolvers<ContextType>;
  MessageEdit?: MessageEditResolvers<ContextType>;
  Reaction?: ReactionResolvers<ContextType>;
  ReplyVersion?: ReplyVersionResolvers<ContextType>;
  ToolCall?: ToolCallResolvers<ContextType>;
  Generation?: GenerationResolvers<ContextType>;
  TokenUsage?: TokenUsageResolvers<ContextType>;
  GenerationError?: GenerationErrorResolvers<ContextType>;
  ConversationConnection?: ConversationConnectionResolvers<ContextType>;
  ConversationEdge?: ConversationEdgeResolvers<ContextType>;
  MessageConnection?: MessageConnectionResolvers<ContextType>;
  MessageEdge?: MessageEdgeResolvers<ContextType>;
  AssistantModel?: AssistantModelResolvers<ContextType>;
  Usage?: UsageResolvers<ContextType>;
  UsageDay?: UsageDayResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  ConversationPayload?: ConversationPayloadResolvers<ContextType>;
  DeleteConversationPayload?: DeleteConversationPayloadResolvers<ContextType>;
  MessagePayload?: MessagePayloadResolvers<ContextType>;
  SetTypingPayload?: SetTypingPayloadResolvers<ContextType>;
  SendMessagePayload?: SendMessagePayloadResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  ConversationEvent?: ConversationEventResolvers<ContextType>;
  MessageAdded?: MessageAddedResolvers<ContextType>;
  MessageEdited?: MessageEditedResolvers<ContextType>;
  MessageDeleted?: MessageDeletedResolvers<ContextType>;
  ReactionsChanged?: ReactionsChangedResolvers<ContextType>;
  MemberAdded?: MemberAddedResolvers<ContextType>;
  MemberRemoved?: MemberRemovedResolvers<ContextType>;
  MemberRoleChanged?: MemberRoleChangedResolvers<ContextType>;
  ConversationUpdated?: ConversationUpdatedResolvers<ContextType>;
  ConversationDeleted?: ConversationDeletedResolvers<ContextType>;
  ReplyStarted?: ReplyStartedResolvers<ContextType>;
  ReplyFinished?: ReplyFinishedResolvers<ContextType>;
  ReplyTextAppended?: ReplyTextAppendedResolvers<ContextType>;
  ReadMarkerMoved?: ReadMarkerMovedResolvers<ContextType>;
  TypingChanged?: TypingChangedResolvers<ContextType>;
  AccessRevoked?: AccessRevokedResolvers<ContextType>;
  CaughtUp?: CaughtUpResolvers<ContextType>;
  Reset?: ResetResolvers<ContextType>;
  Draining?: DrainingResolvers<ContextType>;
  ReplyEvent?: ReplyEventResolvers<ContextType>;
  ReplyText?: ReplyTextResolvers<ContextType>;
  ReplyRestarted?: ReplyRestartedResolvers<ContextType>;
  ReplyEnded?: ReplyEndedResolvers<ContextType>;
  InboxEvent?: InboxEventResolvers<ContextType>;
  InboxConversationChanged?: InboxConversationChangedResolvers<ContextType>;
  InboxConversationRemoved?: InboxConversationRemovedResolvers<ContextType>;
  PresenceChange?: PresenceChangeResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
};
