import { defineEntity, p } from '@mikro-orm/core'

const DeletionProgressSchema = defineEntity({
  name: 'DeletionProgress',
  schema: 'chat',
  tableName: 'deletion_progress',
  properties: {
    look: p.enum(['FIRST', 'SECOND'] as const).primary(),
    /** The last entry of auth's list that was applied; 0 before the first. */
    position: p.bigint('number'),
  },
})

/** How far auth's list of deleted accounts was applied, by each of the two looks at every account. */
export class DeletionProgress extends DeletionProgressSchema.class {}
DeletionProgressSchema.setClass(DeletionProgress)
