import { viewerOf } from '../../../../platform/subgraph/caller.ts'
import type { Resolvers } from '../../resolvers.generated.ts'
import { readUsage } from './usage-report.ts'

export const usageResolvers: Pick<Resolvers, 'Query'> = {
  Query: {
    usage: (_, { from, to }, { caller, em }) => readUsage(em, viewerOf(caller).userId, { from, to, now: new Date() }),
  },
}
