import fc from 'fast-check'
import { parse } from 'graphql'
import { expect, it } from 'vitest'
import { Chance } from './testing/chance.ts'
import { compareExecutors } from './testing/comparison.ts'
import { Coverage } from './testing/coverage.ts'
import { FAULTS } from './testing/fault-plan.ts'
import { GRAPH_FEATURES, GraphSpec } from './testing/graph-spec.ts'
import { type TrialOperation, writeOperation } from './testing/query-writer.ts'
import { reduce, type TrialCase } from './testing/reduction.ts'
import { type FaultSeed, Trial } from './testing/trial.ts'

const OPERATIONS = 5
const RUNS_OF_OPERATION = 4

/**
 * Executions by each executor: the same ones each time, because a difference that chance finds during a release is nobody's
 * there to mend. Set ORACLE_RUNS to some thousands to search for long, and ORACLE_SEED to search elsewhere.
 */
const RUNS = Number(process.env.ORACLE_RUNS ?? 240)
const SEED = Number(process.env.ORACLE_SEED ?? 1)

/** Of a large search; at 100 ms for a plan on a busy machine. */
const TIMEOUT_MS = 30_000 + RUNS * 500

const coverage = new Coverage()
let unplannable = 0

it(
  `answers whatever the stock executor answers, over any graph, whatever goes wrong (seed ${SEED})`,
  async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0 }), tryGraph), {
      seed: SEED,
      numRuns: Math.ceil(RUNS / OPERATIONS / RUNS_OF_OPERATION),
      endOnFailure: true,
    })
    expect(coverage.missing).toEqual([])
    expect(unplannable).toBeLessThan(RUNS / RUNS_OF_OPERATION / 10)
  },
  TIMEOUT_MS,
)

/** @param seed of all that follows. */
async function tryGraph(seed: number): Promise<void> {
  const { trial, graph } = await openGraph(seed)
  coverage.add(trial.spec.reached)
  for (let index = 0; index < OPERATIONS; index += 1) {
    const operation = richestOperation(trial, seed + index, index === 0 ? 3 : 2)
    if (isPlannable(trial, operation)) await tryOperation(trial, graph, operation, seed + index)
    else unplannable += 1
  }
}

/** About one graph in a thousand does not compose: a key that cannot be resolved is then the only way to somewhere. */
async function openGraph(seed: number, triesLeft = 3): Promise<{ trial: Trial; graph: number }> {
  const graph = richestGraph(seed)
  try {
    return { trial: await Trial.of({ seed: graph, features: GRAPH_FEATURES }), graph }
  } catch (error) {
    if (triesLeft === 0 || !(error instanceof AggregateError)) throw error
    return openGraph(seed + 1, triesLeft - 1)
  }
}

async function tryOperation(trial: Trial, graph: number, operation: TrialOperation, seed: number): Promise<void> {
  coverage.add(operation.reached)
  coverage.addPlan(trial.plan(parse(operation.query)))
  for (let run = 0; run < RUNS_OF_OPERATION; run += 1) {
    const faults = faultsOf(seed + run, run)
    const { differences, outcomes, faults: reached } = await compareExecutors(trial, operation, faults)
    coverage.add(reached)
    coverage.addOutcomes(outcomes)
    if (differences.length > 0) throw new Error(await explain(graph, operation, faults))
  }
}

/** Nothing goes wrong in the first run of an operation, ever more in the others. */
function faultsOf(seed: number, run: number): FaultSeed {
  const chance = new Chance(seed)
  const isNew = (kind: string) => run === RUNS_OF_OPERATION - 1 && coverage.newIn(new Set([kind])) > 0
  const isUsed = (kind: string) => run > 0 && (isNew(kind) || chance.is(`kind ${run} ${kind}`, run / 8))
  const kinds = FAULTS.filter(isUsed)
  // An error loses its path only where there is one.
  return { seed, kinds: kinds.includes('pathlessError') ? [...new Set([...kinds, 'fieldError'])] : kinds }
}

/** Of some seeds, the one whose graph has most of what no graph had before. */
function richestGraph(seed: number): number {
  const candidates = Array.from({ length: 12 }, (_, index) => seed + index * 1_000_003)
  const news = candidates.map((it) => coverage.newIn(new GraphSpec({ seed: it, features: GRAPH_FEATURES }).reached))
  return candidates[news.indexOf(Math.max(...news))] ?? seed
}

function richestOperation(trial: Trial, seed: number, depth: number): TrialOperation {
  const { clientSchema } = trial.graph.supergraph
  const first = writeOperation(clientSchema, seed, depth)
  if (coverage.newIn(first.reached) > 0) return first
  const second = writeOperation(clientSchema, seed + 1_000_003, depth)
  return coverage.newIn(second.reached) > 0 ? second : first
}

/** The planner has limits and faults of its own: what it cannot plan nobody can execute. */
function isPlannable(trial: Trial, { query }: TrialOperation): boolean {
  try {
    trial.plan(parse(query))
    return true
  } catch {
    return false
  }
}

/** All there is to know of a failing case, made as small as it gets. */
async function explain(seed: number, { query, variables }: TrialOperation, faults: FaultSeed): Promise<string> {
  const trials = new Map<string, Promise<Trial>>()
  const trialOf = (features: readonly string[]): Promise<Trial> => {
    const trial = trials.get(features.join()) ?? Trial.of({ seed, features })
    trials.set(features.join(), trial)
    return trial
  }
  const differencesOf = async (it: TrialCase) =>
    (await compareExecutors(await trialOf(it.features), it, { seed: faults.seed, kinds: it.kinds })).differences
  const smallest = await reduce(
    { features: GRAPH_FEATURES, query, variables, kinds: faults.kinds },
    async (it) => (await differencesOf(it)).length > 0,
    async (features) => (await trialOf(features)).graph.supergraph.clientSchema,
  )
  const trial = await trialOf(smallest.features)
  return [
    ...trial.spec.subgraphs.map(({ name, typeDefs }) => `--- ${name}\n${typeDefs}`),
    `--- seed ${seed}: ${smallest.features.join(' ')}`,
    `--- faults ${faults.seed}: ${smallest.kinds.join(' ')}`,
    `--- ${JSON.stringify(smallest.variables)}\n${smallest.query}`,
    trial.describePlan(parse(smallest.query)),
    ...(await differencesOf(smallest)),
  ].join('\n')
}
