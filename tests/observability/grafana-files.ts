import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

export const OBSERVABILITY = fileURLToPath(new URL('../../observability/', import.meta.url))
const DASHBOARDS = join(OBSERVABILITY, 'grafana/dashboards')

const place = z.object({ h: z.number(), w: z.number(), x: z.number(), y: z.number() })
const panel = z.looseObject({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  datasource: z.object({ type: z.string(), uid: z.string() }).optional(),
  gridPos: place,
  fieldConfig: z
    .looseObject({
      defaults: z.looseObject({ unit: z.string(), thresholds: z.looseObject({ steps: z.array(z.unknown()) }) }),
    })
    .optional(),
  targets: z.array(z.looseObject({ expr: z.string(), legendFormat: z.string(), refId: z.string() })).default([]),
})
const dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  tags: z.array(z.string()),
  annotations: z.looseObject({ list: z.array(z.looseObject({ name: z.string(), expr: z.string() })) }),
  templating: z.looseObject({
    list: z.array(z.looseObject({ name: z.string(), type: z.string(), definition: z.string().optional() })),
  }),
  panels: z.array(panel),
})

export type GrafanaPanel = z.output<typeof panel>
export type GrafanaDashboard = z.output<typeof dashboard> & { readonly file: string; readonly text: string }

/** The committed dashboards, as Grafana is given them. */
export function readDashboards(): GrafanaDashboard[] {
  return readdirSync(DASHBOARDS)
    .sort()
    .map((file) => {
      const text = readFileSync(join(DASHBOARDS, file), 'utf8')
      return { ...dashboard.parse(JSON.parse(text)), file, text }
    })
}

/** The panels that show something, without the headings between them. */
export function chartsOf({ panels }: Pick<GrafanaDashboard, 'panels'>): GrafanaPanel[] {
  return panels.filter(({ type }) => type !== 'row')
}

/** A YAML file of `observability/`. */
export function readYaml(path: string): unknown {
  return parse(readFileSync(join(OBSERVABILITY, path), 'utf8'))
}
