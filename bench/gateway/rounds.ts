import { print, quantile } from '../measurement.ts'
import type { Program } from '../processes.ts'
import type { BenchGateway, GatewayTitle } from './gateways.ts'
import type { LoadQuestion, LoadReport } from './load.ts'
import type { SubgraphsReport } from './subgraphs.ts'

/** What is needed for a gateway's turn, and how long it takes. */
export interface Course {
  readonly clients: Program
  readonly subgraphs: Program
  readonly rounds: number
  readonly seconds: number
  readonly concurrency: number
}

/** One turn of one gateway. */
interface Turn {
  /** Requests a second. */
  readonly rate: number
  /** CPU time of the gateway's process per request, in milliseconds. */
  readonly cpuMs: number
  /** How much of the turn the gateway's process was running, 0 to 1. */
  readonly busy: number
  readonly fetchesPerRequest: number
}

/** All turns of one gateway; `rate`, `cpuMs` and `busy` are medians. */
export interface Figures {
  readonly title: GatewayTitle
  readonly rate: number
  readonly cpuMs: number
  readonly busy: number
  readonly turns: readonly Turn[]
}

/** A, B, C, A, B, C, …: what else the machine does falls on all. A first round warms up and does not count. */
export async function compareInTurn(gateways: readonly BenchGateway[], course: Course): Promise<Figures[]> {
  const all = gateways.map((gateway) => ({ gateway, turns: [] as Turn[] }))
  for (let round = 0; round <= course.rounds; round += 1) {
    for (const { gateway, turns } of all) {
      const turn = await playTurn(gateway, course)
      if (round > 0) turns.push(turn)
    }
  }
  return all.map(({ gateway: { title }, turns }) => ({
    title,
    rate: median(turns.map(({ rate }) => rate)),
    cpuMs: median(turns.map(({ cpuMs }) => cpuMs)),
    busy: median(turns.map(({ busy }) => busy)),
    turns,
  }))
}

/** One line for each gateway, then each one's figures by those of the others. */
export function printFigures(figures: readonly Figures[]): void {
  for (const { title, rate, cpuMs, busy, turns } of figures) {
    const fetches = median(turns.map((turn) => turn.fetchesPerRequest))
    print(
      `${title}: ${rate.toFixed(1)} requests a second (${turns.map((turn) => turn.rate.toFixed(1)).join(', ')}), ` +
        `${cpuMs.toFixed(2)} ms of CPU each, ${(busy * 100).toFixed(0)} % of its core, ${fetches.toFixed(1)} fetches each`,
    )
  }
  const ours = figures.find(({ title }) => title === 'ours')
  for (const other of figures) {
    if (!ours || other === ours) continue
    const [rates, costs] = [ours.rate / other.rate, other.cpuMs / ours.cpuMs]
    print(`ours by ${other.title}: ${rates.toFixed(2)} times the requests, 1/${costs.toFixed(2)} of the CPU time`)
  }
}

async function playTurn({ url, program }: BenchGateway, course: Course): Promise<Turn> {
  const { clients, subgraphs, seconds, concurrency } = course
  await subgraphs.ask({})
  const usedBefore = await program.cpuMs()
  const question: LoadQuestion = { kind: 'load', url, concurrency, ms: seconds * 1_000 }
  const report = await clients.ask<LoadReport>(question)
  if (!(report.requests > 0)) throw new Error(`There were no answers: ${JSON.stringify(report)}`)
  const used = (await program.cpuMs()) - usedBefore
  const { fetches } = await subgraphs.ask<SubgraphsReport>({})
  return {
    rate: (report.requests * 1_000) / report.ms,
    cpuMs: used / report.requests,
    busy: used / report.ms,
    fetchesPerRequest: fetches / report.requests,
  }
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}
