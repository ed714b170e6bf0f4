import { defineEntity, p } from '@mikro-orm/core'

const DeletionSchema = defineEntity({
  name: 'Deletion',
  tableName: 'deletion',
  properties: {
    /** Gapless and in the order of commits, so that whoever has read up to one has missed none. */
    position: p.bigint('number').primary().autoincrement(false),
    userId: p.uuid(),
    deletedAt: p.datetime(3),
  },
})

/** That an account was deleted: for the other services, which hold what belonged to it. */
export class Deletion extends DeletionSchema.class {}
DeletionSchema.setClass(Deletion)
