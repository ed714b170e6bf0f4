/**
 * Writes Grafana's dashboards.
 *
 *   npm run dashboards              writes grafana/dashboards/*.json
 *   npm run dashboards -- --check   writes nothing; fails when a committed file is not what would be written
 */
import { parseArgs } from 'node:util'
import { findDrift, writeFiles } from '../../schema/generated-files.ts'
import { assistant } from './assistant.ts'
import { dashboardJson } from './dashboard.ts'
import { overview } from './overview.ts'
import { realtime } from './realtime.ts'

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const files = [overview, realtime, assistant].map((dashboard) => ({
  path: `observability/grafana/dashboards/${dashboard.name}.json`,
  content: dashboardJson(dashboard),
}))

if (options.check) {
  const stale = await findDrift(files, 'observability/dashboards', 'npm run dashboards')
  for (const complaint of stale) process.stderr.write(`${complaint}\n`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  await writeFiles(files)
}
