import { defineEntity, p } from '@mikro-orm/core'

const MemberSchema = defineEntity({
  name: 'Member',
  schema: 'chat',
  tableName: 'member',
  properties: {
    conversationId: p.uuid().primary(),
    userId: p.uuid().primary(),
    role: p.enum(['OWNER', 'ADMIN', 'MEMBER'] as const),
    joinedAt: p.datetime(3).defaultRaw('now()'),
    /** The number of the last message they have read; it never goes back. */
    readUpTo: p.integer().default(0),
    muted: p.boolean().default(false),
  },
})

/** A person in a conversation. The person lives in the auth subgraph; here they are an id. */
export class Member extends MemberSchema.class {}
MemberSchema.setClass(Member)
