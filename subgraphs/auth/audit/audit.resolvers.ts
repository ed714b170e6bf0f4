import { readPageRequest } from '../../../platform/connection.ts'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import type { AuditEventResolvers, QueryResolvers } from '../resolvers.generated.ts'

export const auditQueries: Pick<QueryResolvers, 'auditEvents'> = {
  auditEvents: async (_parent, { userId, ...page }, { sessions, auditReader }) => {
    const viewer = await sessions.viewer()
    return auditReader.list(viewer, readPageRequest(page), userId == null ? undefined : decodeId('usr', userId))
  },
}

export const auditEventFields: AuditEventResolvers = {
  id: (event) => encodeId('aud', event.id),
  actor: ({ actorId }, _args, { loaders }) => (actorId ? loaders.users.load(actorId) : null),
  subject: ({ subjectId }, _args, { loaders }) => (subjectId ? loaders.users.load(subjectId) : null),
}
