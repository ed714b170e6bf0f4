import { z } from 'zod'
import { readYaml } from './grafana-files.ts'

const rule = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
})
const ruleFile = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule) })),
})

/** An alert, with all that each of ours must have. */
export type AlertRule = z.output<typeof rule>

/** The alerts of the rule file, in its order. */
export function readAlerts(): AlertRule[] {
  return ruleFile.parse(readYaml('prometheus/alerts.yml')).groups.flatMap(({ rules }) => rules)
}

const unitTests = z.looseObject({
  tests: z.array(
    z.looseObject({
      alert_rule_test: z.array(z.looseObject({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
})

/** Which files of `prometheus/` hold unit tests of the alerts. */
export const UNIT_TESTS = ['alerts.test.yml', 'alerts-over-hours.test.yml'] as const

/** What the unit tests of the alerts look at: whether an alert was expected to fire each time. */
export function readUnitTests(): { readonly alert: string; readonly fires: boolean }[] {
  return UNIT_TESTS.map((file) => unitTests.parse(readYaml(`prometheus/${file}`)))
    .flatMap(({ tests }) => tests.flatMap(({ alert_rule_test }) => alert_rule_test))
    .map(({ alertname, exp_alerts }) => ({ alert: alertname, fires: exp_alerts.length > 0 }))
}
