import { isDeepStrictEqual } from 'node:util'
import type { Resources } from '../../platform/resources.ts'
import { print } from '../measurement.ts'
import { type BenchGateway, type GatewaySetting, type GatewayTitle, startGateway } from './gateways.ts'
import type { Answer, LoadQuestion } from './load.ts'
import type { Course } from './rounds.ts'
import type { SubgraphsReport } from './subgraphs.ts'

interface Answered {
  readonly gateway: BenchGateway
  readonly text: string
  readonly json: unknown
}

/** Those that start; says why another one does not. */
export async function startAll(
  owner: Resources,
  titles: readonly GatewayTitle[],
  setting: GatewaySetting,
): Promise<BenchGateway[]> {
  const started: BenchGateway[] = []
  for (const title of titles) {
    try {
      started.push(await startGateway(owner, title, setting))
    } catch (error) {
      if (title === 'ours') throw error
      print(`${title} is left out: ${error instanceof Error ? error.message : error}`)
    }
  }
  return started
}

/**
 * Those whose answer is the same JSON as ours, but for the order of keys; says which are not.
 *
 * @throws Error when ours is no whole answer.
 */
export async function onlyAlike(gateways: readonly BenchGateway[], course: Course): Promise<BenchGateway[]> {
  const answers: Answered[] = []
  for (const gateway of gateways) answers.push(await answerOf(gateway, course))
  const ours = answers.find(({ gateway }) => gateway.title === 'ours')
  if (!ours || !isWhole(ours.json)) throw new Error(`Ours does not answer: ${ours?.text.slice(0, 500)}`)
  return answers.flatMap(({ gateway, text, json }) => {
    if (isDeepStrictEqual(json, ours.json)) return [gateway]
    print(`${gateway.title} is left out: its answer is another one: ${text.slice(0, 300)}`)
    return []
  })
}

async function answerOf(gateway: BenchGateway, { clients, subgraphs }: Course): Promise<Answered> {
  await subgraphs.ask({})
  const { status, text } = await clients.ask<Answer>({ kind: 'answer', url: gateway.url } satisfies LoadQuestion)
  const { fetches } = await subgraphs.ask<SubgraphsReport>({})
  print(`  ${gateway.title}: status ${status}, ${(text.length / 1_000).toFixed(1)} KB, ${fetches} fetches`)
  return { gateway, text, json: parsed(text) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isWhole(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'data' in json && !('errors' in json)
}
