import { SubgraphUnavailableError } from '../../../../../platform/errors.ts'
import type { NameDirectory, PersonName } from '../../../conversation/people.ts'

/** An auth service that knows what the test says, and counts how often it is asked. */
export class KnownNames implements NameDirectory {
  readonly names = new Map<string, PersonName>()
  isAway = false
  asked = 0

  async namesOf(userIds: readonly string[]): Promise<Map<string, PersonName>> {
    this.asked += 1
    if (this.isAway) throw new SubgraphUnavailableError('auth')
    return new Map([...this.names].filter(([id]) => userIds.includes(id)))
  }
}
