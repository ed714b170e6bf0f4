/**
 * Writes Grafana's dashboards.
 *
 *   npm run dashboards              writes grafana/dashboards/*.json
 *   npm run dashboards -- --check   writes nothing; fails when a committed file is not what would be written
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { assistant } from './assistant.ts'
import { dashboardJson } from './dashboard.ts'
import { overview } from './overview.ts'
import { realtime } from './realtime.ts'

const FOLDER = join(import.meta.dirname, '../grafana/dashboards')

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
for (const dashboard of [overview, realtime, assistant]) {
  const path = join(FOLDER, `${dashboard.name}.json`)
  const content = dashboardJson(dashboard)
  if (!options.check) await writeFile(path, content)
  else if ((await readFile(path, 'utf8').catch(() => '')) !== content) {
    process.stderr.write(`${path} is not what its source says. Run "npm run dashboards" and commit the result.\n`)
    process.exitCode = 1
  }
}
