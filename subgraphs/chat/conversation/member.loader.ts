import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import type { PageRequest } from '../../../platform/connection.ts'
import { readEntities } from '../../../platform/entity-rows.ts'
import { Member } from './member.entity.ts'
import type { MomentPosition } from './moment-cursor.ts'

/** A page of one conversation's members. */
export interface MemberPageRequest {
  readonly conversationId: string
  readonly size: number
  readonly direction: PageRequest['direction']
  /** What the page lies strictly beyond; from the list's end without it. */
  readonly position: MomentPosition | undefined
}

const sameList = ({ size, direction, position }: MemberPageRequest) => JSON.stringify([size, direction, position])

/**
 * Pages of members in their direction, in the order of joining, one more than their size where there is one. Pages that
 * many conversations are asked for alike take one statement.
 */
export function memberPageLoader(em: EntityManager) {
  return new DataLoader<MemberPageRequest, Member[], string>(
    async (requests) => {
      const read = new Map<MemberPageRequest, Member[]>()
      for (const group of Map.groupBy(requests, sameList).values()) {
        const byConversation = Map.groupBy(await readPages(em, group), ({ conversationId }) => conversationId)
        for (const request of group) read.set(request, byConversation.get(request.conversationId) ?? [])
      }
      return requests.map((request) => read.get(request) ?? [])
    },
    { cacheKeyFn: (request) => `${request.conversationId}${sameList(request)}` },
  )
}

/** @param requests the same but for the conversation. */
async function readPages(em: EntityManager, requests: MemberPageRequest[]): Promise<Member[]> {
  const { direction, size, position: [joined, id] = [null, null] } = requests[0] ?? { direction: 'forward', size: 0 }
  const [comparison, order] = direction === 'forward' ? ['>', 'ASC'] : ['<', 'DESC']
  const rows = await em.execute(
    `SELECT page.* FROM jsonb_array_elements_text(?::jsonb) AS wanted
     CROSS JOIN LATERAL (
       SELECT * FROM chat.member
       WHERE conversation_id = wanted.value::uuid
         AND (?::timestamptz IS NULL OR (joined_at, user_id) ${comparison} (?::timestamptz, ?::uuid))
       ORDER BY joined_at ${order}, user_id ${order} LIMIT ?
     ) page
     ORDER BY page.conversation_id, page.joined_at ${order}, page.user_id ${order}`,
    [JSON.stringify(requests.map(({ conversationId }) => conversationId)), joined, joined, id, size + 1],
  )
  return readEntities(em, Member, rows)
}
