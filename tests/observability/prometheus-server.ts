import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { requireProgram, ServerProcess } from '../../platform/testing/server-process.ts'
import { freePort } from '../support/parley-process.ts'
import { OBSERVABILITY, readYaml } from './grafana-files.ts'

const PROMETHEUS = process.env.PROMETHEUS ?? 'prometheus'
export const PROMTOOL = process.env.PROMTOOL ?? 'promtool'
const REMEDY = "Install Debian's prometheus, or set PROMETHEUS and PROMTOOL."
/** How often the real Prometheus looks here, in seconds. */
export const LOOKS_EVERY = 1
const EVERY = `${LOOKS_EVERY}s`

/** For a test that needs Prometheus: without one it is skipped with the reason, and under CI it fails. */
export function requirePrometheus(context: TestContext): void {
  for (const program of [PROMETHEUS, PROMTOOL]) requireProgram(context, program, REMEDY)
}

const configuration = z.looseObject({
  scrape_configs: z.array(
    z.looseObject({
      job_name: z.string(),
      dns_sd_configs: z
        .array(
          z.strictObject({
            names: z.array(z.string()),
            type: z.string(),
            port: z.number(),
            refresh_interval: z.string(),
          }),
        )
        .optional(),
    }),
  ),
})

/** What the repository's prometheus.yml scrapes: the jobs of services, each with its host and port. */
export function readScrapeJobs(): { readonly job: string; readonly hosts: readonly string[] }[] {
  return configuration
    .parse(readYaml('prometheus/prometheus.yml'))
    .scrape_configs.flatMap(({ job_name, dns_sd_configs }) =>
      dns_sd_configs
        ? [
            {
              job: job_name,
              hosts: dns_sd_configs.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
            },
          ]
        : [],
    )
}

/** One series of an answer: its labels and its value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
})
const rules = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        rules: z.array(z.looseObject({ name: z.string(), health: z.string(), lastError: z.string().optional() })),
      }),
    ),
  }),
})

/** A real Prometheus with the repository's configuration, which looks every second instead of every fifteen. */
export class Prometheus implements AsyncDisposable {
  readonly url: string
  readonly #folder: string
  readonly #process = new ServerProcess()

  private constructor(port: number, folder: string) {
    this.url = `http://127.0.0.1:${port}`
    this.#folder = folder
  }

  /**
   * @param targets where the processes of each job are, such as `127.0.0.1:4000`: there is no DNS in a test.
   * @throws Error when a job of the configuration has none.
   */
  static async start(targets: Readonly<Record<string, readonly string[]>>): Promise<Prometheus> {
    const [port, folder] = [await freePort(), await mkdtemp(join(tmpdir(), 'parley-prometheus-'))]
    const prometheus = new Prometheus(port, folder)
    const configPath = join(folder, 'prometheus.yml')
    await writeFile(configPath, stringify(configurationFor(targets, port)))
    const options = [
      `--config.file=${configPath}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]
    await prometheus.#process.start({ program: PROMETHEUS, options, readyLine: 'ready to receive web requests' })
    return prometheus
  }

  /**
   * The value of an expression. Rejects with what Prometheus says of one that it does not understand.
   *
   * @param at when, in seconds since 1970; now unless given.
   */
  async query(expr: string, at = Date.now() / 1_000): Promise<Sample[]> {
    const response = await fetch(`${this.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr, time: String(at) }),
    })
    if (!response.ok) throw new Error(`${expr}\n${await response.text()}`)
    const { data } = answer.parse(await response.json())
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
  }

  /** How the evaluation of each rule went. */
  async rules(): Promise<{ name: string; health: string; lastError?: string | undefined }[]> {
    const { data } = rules.parse(await (await fetch(`${this.url}/api/v1/rules`)).json())
    return data.groups.flatMap((group) => group.rules)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function configurationFor(targets: Readonly<Record<string, readonly string[]>>, ownPort: number): object {
  const read = configuration.parse(readYaml('prometheus/prometheus.yml'))
  return {
    global: { scrape_interval: EVERY, scrape_timeout: EVERY, evaluation_interval: EVERY },
    rule_files: [join(OBSERVABILITY, 'prometheus/alerts.yml')],
    scrape_configs: read.scrape_configs.map(({ dns_sd_configs, ...job }) => {
      if (!dns_sd_configs) return { ...job, static_configs: [{ targets: [`127.0.0.1:${ownPort}`] }] }
      const found = targets[job.job_name]
      if (!found) throw new Error(`The job ${job.job_name} has no target here.`)
      return { ...job, static_configs: [{ targets: found }] }
    }),
  }
}
