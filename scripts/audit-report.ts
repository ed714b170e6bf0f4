import { z } from 'zod'

const SEVERITIES = ['info', 'low', 'moderate', 'high', 'critical'] as const

/** A package of the tree with a known vulnerability. */
export interface VulnerablePackage {
  readonly name: string
  readonly severity: (typeof SEVERITIES)[number]
  /** What is wrong, or by which package it comes. */
  readonly title: string
  /** The versions that have it. */
  readonly range: string
}

const report = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      name: z.string(),
      severity: z.enum(SEVERITIES),
      range: z.string(),
      via: z.array(z.union([z.string(), z.object({ title: z.string() })])),
    }),
  ),
})

const refusal = z.object({ message: z.string() })

/**
 * Reads what `npm audit --json` prints (auditReportVersion 2): the gravest first, or why nothing is known.
 *
 * @param output standard output, whatever it holds.
 */
export function readAudit(
  output: string,
): { readonly found: readonly VulnerablePackage[] } | { readonly unanswered: string } {
  const json = parse(output)
  const told = report.safeParse(json)
  if (!told.success) return { unanswered: refusal.safeParse(json).data?.message ?? 'npm gave no report.' }
  const found = Object.values(told.data.vulnerabilities).map(({ via, ...vulnerable }) => ({
    ...vulnerable,
    title: via.map((cause) => (typeof cause === 'string' ? `through ${cause}` : cause.title)).join('; '),
  }))
  return { found: found.sort((a, b) => gravity(b) - gravity(a) || a.name.localeCompare(b.name)) }
}

/** Whether a vulnerability is high or critical. */
export function isGrave(vulnerable: VulnerablePackage): boolean {
  return gravity(vulnerable) >= SEVERITIES.indexOf('high')
}

const gravity = ({ severity }: VulnerablePackage) => SEVERITIES.indexOf(severity)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
