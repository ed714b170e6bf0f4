import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { readAlerts, readUnitTests, UNIT_TESTS } from './alert-rules.ts'
import { chartsOf, OBSERVABILITY, readDashboards } from './grafana-files.ts'
import { PROMTOOL, requirePrometheus } from './prometheus-server.ts'

// Prometheus' own time for hours of made-up series; more of it where the machine is busy.
vi.setConfig({ testTimeout: 120_000 })

const runbook = readFileSync(fileURLToPath(new URL('../../docs/runbook.md', import.meta.url)), 'utf8')
const alerts = readAlerts()
const names = alerts.map(({ alert }) => alert)

/** What promtool says. Rejects with it when that is a complaint. */
async function promtool(words: readonly string[]): Promise<string> {
  const cwd = join(OBSERVABILITY, 'prometheus')
  const { stdout, stderr } = await promisify(execFile)(PROMTOOL, words, { cwd })
  return stdout + stderr
}

describe('the alerts', () => {
  it.for([
    ['check', 'config', 'prometheus.yml'],
    ['check', 'rules', 'alerts.yml'],
    ['test', 'rules', ...UNIT_TESTS],
  ])('pass promtool %s %s', async (words, context) => {
    requirePrometheus(context)
    expect(await promtool(words)).toContain('SUCCESS')
  })

  it('have names of their own, with the project’s before them', () => {
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^Parley[A-Z]\w+$/.test(name))).toEqual([])
  })

  it('are each expected to fire, and not to fire, by a unit test', () => {
    const unitTests = readUnitTests()
    for (const fires of [true, false]) {
      const tested = new Set(unitTests.filter((test) => test.fires === fires).map(({ alert }) => alert))
      expect([fires, names.filter((name) => !tested.has(name))]).toEqual([fires, []])
    }
  })

  it('have a section each in the runbook, to which they lead, and the runbook has no others', () => {
    expect([...runbook.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(names)
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
    }
  })
})

describe('the runbook', () => {
  it('says of each alert what it means, what to look at and what to do', () => {
    for (const section of runbook.split(/^## /m).slice(1)) {
      const title = section.split('\n')[0]
      const said = ['What it means.', 'Look at', 'Do'].filter((heading) => section.includes(`**${heading}**`))
      expect([title, ...said]).toEqual([title, 'What it means.', 'Look at', 'Do'])
    }
  })

  it('speaks of panels and dashboards by the names that they have, and of alerts that there are', () => {
    const dashboards = readDashboards()
    const titles = new Set(dashboards.flatMap((dashboard) => chartsOf(dashboard).map(({ title }) => title)))
    const pages = new Set(dashboards.flatMap(({ title }) => [title, title.replace('Parley: ', '')]))
    const spokenOf = [...runbook.matchAll(/(?<!\*)\*([^*\n]+)\*(?!\*)/g)].map(([, words = '']) => words)
    expect(spokenOf.filter((words) => !titles.has(words) && !pages.has(words))).toEqual([])
    const anchors = new Set(names.map((name) => name.toLowerCase()))
    const links = [...runbook.matchAll(/\]\(#(\w+)\)/g)].map(([, anchor = '']) => anchor)
    expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([])
  })
})
