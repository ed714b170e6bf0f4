import { defineEntity, p } from '@mikro-orm/core'

const DeletionSchema = defineEntity({
  name: 'Deletion',
  tableName: 'deletion',
  indexes: [
    {
      name: 'deletion_to_anonymise',
      expression: `create index "deletion_to_anonymise" on "auth"."deletion" (position) where anonymise_at is not null`,
    },
  ],
  properties: {
    /** Gapless and in the order of commits, so that whoever has read up to one has missed none. */
    position: p.bigint('number').primary().autoincrement(false),
    userId: p.uuid(),
    deletedAt: p.datetime(3),
    /** From then on nothing is written any more that was asked for with the account. */
    settledAt: p.datetime(3),
    /** When the account's audit events are looked through next; null: no more. */
    anonymiseAt: p.datetime(3).nullable(),
  },
})

/** That an account was deleted: for the other services, which hold what belonged to it. */
export class Deletion extends DeletionSchema.class {}
DeletionSchema.setClass(Deletion)
