import { readdir, readFile } from 'node:fs/promises'
import type { Breach } from './breach.ts'
import { liveHeapMegabytes } from './live-heap.ts'
import type { RoleProcess } from './role-process.ts'

/** What rises with every connection that is not let go of. */
const GAUGES = [
  'parley_gateway_sockets',
  'parley_gateway_subscriptions',
  'parley_conversation_hubs',
  'parley_conversation_followers',
  'parley_subgraph_streams',
]

/** How far a process may be above its base: connections between services are kept for a while, and caches fill. */
const SPARE_DESCRIPTORS = 12
const SPARE_HEAP = { share: 0.05, megabytes: 4 }
/** What the system has given to it follows the heap from afar: V8 keeps free what it has had. */
const SPARE_RESIDENT = { share: 0.5, megabytes: 96 }

/** What one process holds. */
export interface Resources {
  readonly process: string
  /** In megabytes: all that the system has given to it, and what its heap holds without garbage. */
  readonly resident: number
  readonly heap: number
  readonly descriptors: number
  /** By the gauge's name; only those that the process has. */
  readonly gauges: Readonly<Record<string, number>>
}

/** Looks at each process from outside: /proc, its own metrics and its debugger. */
export function measure(roles: readonly RoleProcess[]): Promise<Resources[]> {
  return Promise.all(
    roles.map(async (role) => ({
      process: role.name,
      heap: await liveHeapMegabytes(role.pid, role.readLog),
      resident: await residentMegabytes(role.pid),
      descriptors: (await readdir(`/proc/${role.pid}/fd`)).length,
      gauges: gaugesIn(await role.metrics()),
    })),
  )
}

/** I7: what has not come back to where it was. */
export function checkResources(base: readonly Resources[], now: readonly Resources[], at: number): Breach[] {
  return base.flatMap((before) => {
    const after = now.find(({ process }) => process === before.process)
    return after ? differences(before, after).map((what) => ({ invariant: 'I7' as const, at, what })) : []
  })
}

function differences(before: Resources, after: Resources): string[] {
  const wrong = GAUGES.filter((name) => (after.gauges[name] ?? 0) > (before.gauges[name] ?? 0)).map(
    (name) => `${name} is ${after.gauges[name]} and was ${before.gauges[name]}`,
  )
  if (after.descriptors > before.descriptors + SPARE_DESCRIPTORS) {
    wrong.push(`${after.descriptors} descriptors are open and were ${before.descriptors}`)
  }
  for (const [name, spare] of [
    ['heap', SPARE_HEAP],
    ['resident', SPARE_RESIDENT],
  ] as const) {
    if (after[name] <= before[name] * (1 + spare.share) + spare.megabytes) continue
    wrong.push(`${name} memory is ${Math.round(after[name])} MB and was ${Math.round(before[name])} MB`)
  }
  return wrong.map((what) => `${after.process}: ${what}`)
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1024
}

function gaugesIn(metrics: string): Record<string, number> {
  const values = new Map<string, number>()
  for (const [, name = '', value] of metrics.matchAll(/^(\w+)(?:\{[^}]*\})? (\S+)$/gm)) {
    if (GAUGES.includes(name)) values.set(name, (values.get(name) ?? 0) + Number(value))
  }
  return Object.fromEntries(values)
}
