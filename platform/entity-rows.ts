import type { EntityName } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'

/**
 * Rows of raw SQL (`SELECT table.*`) in the shape of an entity, to be read and not to be changed: the entity manager does
 * not know them. `em.map` makes entities that it does know, at twenty times the price for each row, and shows once more
 * what it has shown before.
 */
export function readEntities<Entity extends object>(
  em: EntityManager,
  entity: EntityName<Entity>,
  rows: readonly object[],
): Entity[] {
  const [driver, metadata] = [em.getDriver(), em.getMetadata(entity)]
  return rows.map(
    (row) => driver.mapResult<Entity>(row as Parameters<typeof driver.mapResult<Entity>>[0], metadata) as Entity,
  )
}
