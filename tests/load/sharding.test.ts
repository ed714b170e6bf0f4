import { afterAll, expect, it } from 'vitest'
import { openChatFixture } from '../../subgraphs/chat/testing/chat-fixture.ts'

/** What docs/scaling.md says of the tables, asked of the tables as the migrations leave them. */
const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())

interface UniqueIndex {
  readonly table: string
  readonly columns: string[]
  readonly isPrimary: boolean
}

interface ForeignKey {
  readonly from: string
  readonly columns: string[]
  readonly to: string
  readonly referred: string[]
}

const BY_CONVERSATION = [
  ...['assistant_task', 'conversation_event', 'conversation_summary', 'generation', 'generation_chunk', 'member'],
  ...['mention', 'message', 'message_edit', 'reaction', 'token_reservation', 'tool_call', 'tool_quote'],
]
const BY_USER = ['assistant_account', 'inbox_head', 'last_seen', 'usage_day']
const NEITHER = ['conversation', 'deletion_progress', 'direct_pair', 'event_log_home', 'mikro_orm_migrations']

const columnsOf = (numbers: string, relation: string) =>
  `(SELECT array_agg(attname::text ORDER BY place) FROM unnest(${numbers}) WITH ORDINALITY AS key (number, place)
    JOIN pg_attribute ON attrelid = ${relation} AND attnum = key.number)`

async function uniqueIndexes(): Promise<UniqueIndex[]> {
  return chat.fork().execute(
    `SELECT relation.relname AS "table", indisprimary AS "isPrimary", ${columnsOf('indkey', 'indrelid')} AS columns
     FROM pg_index JOIN pg_class relation ON relation.oid = indrelid
     WHERE relnamespace = 'chat'::regnamespace AND relkind = 'r' AND indisunique`,
  )
}

async function foreignKeys(): Promise<ForeignKey[]> {
  return chat.fork().execute(
    `SELECT conrelid::regclass::text AS "from", confrelid::regclass::text AS "to",
       ${columnsOf('conkey', 'conrelid')} AS columns, ${columnsOf('confkey', 'confrelid')} AS referred
     FROM pg_constraint WHERE contype = 'f' AND connamespace = 'chat'::regnamespace`,
  )
}

it('every table is sharded by conversation, by user, or named as neither', async () => {
  const tables = (await uniqueIndexes()).filter(({ isPrimary }) => isPrimary).map(({ table }) => table)
  expect(tables.sort()).toEqual([...BY_CONVERSATION, ...BY_USER, ...NEITHER].sort())
})

it('each primary key begins with what its table is sharded by', async () => {
  const primary = (await uniqueIndexes()).filter(({ isPrimary }) => isPrimary)
  const firsts = (tables: readonly string[]) =>
    primary.filter(({ table }) => tables.includes(table)).map(({ columns: [first] }) => first)
  expect(new Set(firsts(BY_CONVERSATION))).toEqual(new Set(['conversation_id']))
  expect(new Set(firsts(BY_USER))).toEqual(new Set(['user_id']))
})

it('every unique index of a table sharded by conversation holds the conversation', async () => {
  const ours = (await uniqueIndexes()).filter(({ table }) => BY_CONVERSATION.includes(table))
  expect(ours.length).toBeGreaterThan(BY_CONVERSATION.length)
  expect(ours.filter(({ columns }) => !columns.includes('conversation_id'))).toEqual([])
})

it('every foreign key leads from a conversation to the same one, but for that of pairs', async () => {
  const apart = (await foreignKeys()).filter(({ columns, referred }) => {
    const place = columns.indexOf('conversation_id')
    return place < 0 || !['conversation_id', 'id'].includes(referred[place] ?? '')
  })
  expect(apart).toEqual([])
  const fromOutside = (await foreignKeys()).filter(({ from }) => !BY_CONVERSATION.includes(from.replace('chat.', '')))
  expect(fromOutside.map(({ from, to }) => `${from} to ${to}`)).toEqual(['chat.direct_pair to chat.conversation'])
})
