import { z } from 'zod'
import { isUuid } from '../../../platform/ids.ts'
import type { Trace } from './presence-rules.ts'

/** The bus topic over which processes tell each other who is here. */
export const PRESENCE = 'presence'

/** One message names so many people at most. */
const PEOPLE_PER_REPORT = 500

const uuid = z.string().refine(isUuid)
const moment = z.int().nonnegative()

/** What one process tells the others. `from` names the process, a UUID of its own making. */
const report = z.discriminatedUnion('kind', [
  /** It has just begun, and asks the others to say who is with them. */
  z.object({ kind: z.literal('hello'), from: uuid }),
  /** Who is with it, as far as they are named; `version` rises with each report. */
  z.object({
    kind: z.literal('people'),
    from: uuid,
    version: z.int().positive(),
    people: z
      .array(z.tuple([/* userId */ uuid, /* isOpen */ z.boolean(), /* activeAt */ moment, /* leftAt */ moment]))
      .max(PEOPLE_PER_REPORT),
  }),
  /** It has stopped; nobody is with it any more, as it has told before. */
  z.object({ kind: z.literal('goodbye'), from: uuid }),
])

export type PresenceReport = z.infer<typeof report>

/** A report that came over the bus; undefined for what is none. */
export function readReport(payload: unknown): PresenceReport | undefined {
  return report.safeParse(payload).data
}

/** The reports that name these people, none of them too large; one that names nobody when there is nobody. */
export function reportsOf(
  from: string,
  nextVersion: () => number,
  people: readonly (readonly [userId: string, trace: Trace])[],
): PresenceReport[] {
  const reports: PresenceReport[] = []
  for (let start = 0; start === 0 || start < people.length; start += PEOPLE_PER_REPORT) {
    const named = people.slice(start, start + PEOPLE_PER_REPORT)
    reports.push({
      kind: 'people',
      from,
      version: nextVersion(),
      people: named.map(([userId, { isOpen, activeAt, leftAt }]) => [userId, isOpen, activeAt, leftAt]),
    })
  }
  return reports
}
