import { parse } from 'graphql'
import { findMisfit } from './answer-shape.ts'
import type { Outcome } from './coverage.ts'
import { type AnsweredRequest, placeOf } from './fault-plan.ts'
import type { TrialOperation } from './query-writer.ts'
import type { FaultSeed, Trial, TrialRun } from './trial.ts'
import { type ComparableResult, comparable } from './trial-result.ts'

/** How the two executors answered one operation. */
export interface Comparison {
  /** What of ours is not as it should be; nothing when all is. */
  readonly differences: readonly string[]
  readonly outcomes: ReadonlySet<Outcome>
  readonly faults: ReadonlySet<string>
}

/** Spoiled in these ways, data may have objects whose types nobody knows. */
const TYPE_IS_LOST = ['missingField', 'wrongTypename', 'wrongType', 'prototypeKey']

/** Runs an operation with the stock executor and with ours. */
export async function compareExecutors(
  trial: Trial,
  operation: Pick<TrialOperation, 'query' | 'variables'>,
  faults: FaultSeed,
): Promise<Comparison> {
  const stock = await trial.runRepairedStock(operation, faults)
  const ours = await trial.runOurs(operation, faults)
  const differences = [...resultDifferences(stock, ours), ...fetchDifferences(stock, ours)]
  if (!TYPE_IS_LOST.some((kind) => ours.faults.has(kind))) {
    const { clientSchema } = trial.graph.supergraph
    const document = parse(operation.query)
    const misfit = findMisfit(clientSchema, document, operation.variables, ours.result.data, ours.faults.size > 0)
    if (misfit) differences.push(`ours does not fit the operation: ${misfit}`)
  }
  return { differences, outcomes: outcomesOf(stock, ours), faults: ours.faults }
}

function resultDifferences(stockRun: TrialRun, oursRun: TrialRun): string[] {
  const [stock, ours] = [withClientNames(comparable(stockRun.result)), comparable(oursRun.result)]
  const differences: string[] = []
  if (inAnyOrder(stock.data) !== inAnyOrder(ours.data)) differences.push(`data: ${stock.data}\n ours: ${ours.data}`)
  for (const part of ['errors', 'valueCompletion'] as const) {
    const [left, right] = [stock[part], ours[part]]
    if (left.join('\n') === right.join('\n')) continue
    if (part === 'valueCompletion' && areOfTheSameNulls(left, right, ours.data)) continue
    differences.push(`${part}: ${left.join('\n   ')}\n ours: ${right.join('\n   ')}`)
  }
  return differences
}

/**
 * What is null is so for one fault at least. Where there are several below it, which of them are told depends on the
 * order in which fields are looked at, and that is another one when a field is selected twice.
 */
function areOfTheSameNulls(stock: readonly string[], ours: readonly string[], data = 'null'): boolean {
  const nullOf = (fault: string) => nullAbove(JSON.parse(data), JSON.parse(fault.slice(fault.indexOf(' at [') + 4)))
  const [left, right] = [Map.groupBy(stock, nullOf), Map.groupBy(ours, nullOf)]
  const isWithin = (some: readonly string[], all: readonly string[]) => some.every((it) => all.includes(it))
  return (
    left.size === right.size &&
    [...left].every(([place, some]) => {
      const others = right.get(place) ?? []
      return others.length > 0 && (isWithin(some, others) || isWithin(others, some))
    })
  )
}

/** The part of a path that leads to the null in which it ends. */
function nullAbove(data: unknown, path: readonly (string | number)[]): string {
  let value = data
  const end = path.findIndex((key) => {
    if (value === null || value === undefined) return true
    value = (value as Record<string | number, unknown>)[key]
    return false
  })
  return JSON.stringify(end < 0 ? path : path.slice(0, end))
}

/** The stock leaks into paths the names under which the planner asks for what would clash otherwise. */
function withClientNames(stock: ComparableResult): ComparableResult {
  return { ...stock, errors: stock.errors.map((it) => it.replace(/__alias_\d+"/g, '"')).sort() }
}

/**
 * The stock merges the fragments of one type condition where the first of them stands, so that its keys are in another
 * order than the specification wants. That ours are in the right one is what {@link findMisfit} tells.
 */
function inAnyOrder(json: string | undefined): string | undefined {
  return json && JSON.stringify(sorted(JSON.parse(json)))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const)
  return entries.sort(([left], [right]) => (left < right ? -1 : 1))
}

/** Both must ask for the same; how often, and together with what, is theirs to decide. */
function fetchDifferences(stock: TrialRun, ours: TrialRun): string[] {
  const [left, right] = [new Set(stock.fetches.flatMap(asked)), new Set(ours.fetches.flatMap(asked))]
  return [
    ...[...left].filter((it) => !right.has(it)).map((it) => `ours does not ask ${it}`),
    ...[...right].filter((it) => !left.has(it)).map((it) => `only ours asks ${it}`),
  ]
}

function asked(request: AnsweredRequest): string[] {
  const place = `${placeOf(request)} ${JSON.stringify(request.variables)}`
  return request.representations?.map((it) => `${place} ${JSON.stringify(it)}`) ?? [place]
}

function outcomesOf(stock: TrialRun, ours: TrialRun): Set<Outcome> {
  const { data, errors, valueCompletion } = comparable(ours.result)
  const outcomes = new Set<Outcome>()
  outcomes.add(data === 'null' ? 'nullData' : 'data')
  if (errors.length > 0) outcomes.add('error')
  if (errors.some((it) => it.endsWith('without path'))) outcomes.add('errorWithoutPath')
  if (valueCompletion.length > 0) outcomes.add('valueCompletion')
  if (representationCount(ours) < representationCount(stock)) outcomes.add('sharedRepresentation')
  return outcomes
}

function representationCount({ fetches }: TrialRun): number {
  return fetches.reduce((sum, { representations }) => sum + (representations?.length ?? 0), 0)
}
