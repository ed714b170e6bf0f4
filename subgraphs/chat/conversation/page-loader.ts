import type { EntityName } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import type { PageRequest } from '../../../platform/connection.ts'
import { readEntities } from '../../../platform/entity-rows.ts'
import { IS_READABLE } from './readable.ts'

/** A page of one list. */
export interface ListPage {
  readonly size: number
  readonly direction: PageRequest['direction']
  /** What the page lies strictly beyond, a value for each column of the order; from the list's end without it. */
  readonly position: readonly (string | number)[] | undefined
}

/** Lists of rows, one for each owner, each of a conversation; the words are SQL. */
export interface PagedLists<Owner, Row extends object> {
  readonly entity: EntityName<Row>
  /** What has a row for each owner, to stand behind FROM, with the parameter it takes. */
  readonly owners: string
  parameterOf(owners: readonly Owner[]): string
  /** The id of an owner's conversation. */
  readonly conversationId: string
  /** The table, and by which condition a row of it is in an owner's list. It may speak of the row `conversation`. */
  readonly table: string
  readonly condition: string
  /** The columns that order each list, with their types. */
  readonly order: readonly (readonly [column: string, type: string])[]
  /** An owner as a text, and the same for whose list a row is in. */
  keyOf(owner: Owner): string
  ownerOf(row: Row): string
}

type InConversation = { readonly conversationId: string }

/** What lists have in common that hold all rows of a table, each those of its conversation. */
export const ofWholeConversations = {
  owners: 'jsonb_array_elements_text(?::jsonb) AS wanted',
  parameterOf: (conversations: readonly InConversation[]) =>
    JSON.stringify(conversations.map(({ conversationId }) => conversationId)),
  conversationId: 'wanted.value::uuid',
  condition: 'conversation_id = conversation.id',
  keyOf: ({ conversationId }: InConversation) => conversationId,
  ownerOf: ({ conversationId }: InConversation) => conversationId,
}

/**
 * Pages of lists in their direction, one row more than their size where there is one; empty where the viewer may not read
 * the conversation, which the same statement judges, so that no row is newer than the right to see it. Pages that many
 * owners are asked for alike take one statement.
 */
export function pageLoader<Owner extends object, Row extends object>(
  em: EntityManager,
  viewerId: string | undefined,
  lists: PagedLists<Owner, Row>,
) {
  const read = async (owners: readonly Owner[], page: ListPage) => {
    const parameters = [lists.parameterOf(owners), viewerId ?? null, ...(page.position ?? []), page.size + 1]
    return readEntities<Row>(em, lists.entity, await em.execute(statementFor(lists, page), parameters))
  }
  return new DataLoader<Owner & ListPage, Row[], string>(
    async (requests) => {
      const found = new Map<Owner & ListPage, Row[]>()
      for (const alike of Map.groupBy(requests, samePage).values()) {
        const [page] = alike
        const rows = Map.groupBy(page ? await read(alike, page) : [], (row) => lists.ownerOf(row))
        for (const request of alike) found.set(request, rows.get(lists.keyOf(request)) ?? [])
      }
      return requests.map((request) => found.get(request) ?? [])
    },
    { cacheKeyFn: (request) => `${lists.keyOf(request)} ${samePage(request)}` },
  )
}

const samePage = ({ size, direction, position }: ListPage) => JSON.stringify([size, direction, position])

function statementFor<Owner, Row extends object>(lists: PagedLists<Owner, Row>, page: ListPage): string {
  const { owners, conversationId, table, condition, order } = lists
  const [comparison, way] = page.direction === 'forward' ? ['>', 'ASC'] : ['<', 'DESC']
  const columns = order.map(([column]) => column).join(', ')
  const position = order.map(([, type]) => `?::${type}`).join(', ')
  const beyond = page.position ? `AND (${columns}) ${comparison} (${position})` : ''
  return `SELECT page.* FROM ${owners}
          JOIN chat.conversation ON conversation.id = ${conversationId} AND ${IS_READABLE}
          CROSS JOIN LATERAL (
            SELECT * FROM ${table} WHERE ${condition} ${beyond}
            ORDER BY ${order.map(([column]) => `${column} ${way}`).join(', ')} LIMIT ?
          ) page
          ORDER BY ${order.map(([column]) => `page.${column} ${way}`).join(', ')}`
}
