import { operationFromDocument } from '@apollo/federation-internals'
import { parse } from 'graphql'
import { beforeAll, describe, expect, it } from 'vitest'
import { LimitExceededError } from '../protection/limit-exceeded-error.ts'
import { manyWays, times } from '../testing/many-ways.ts'
import { loadToySupergraph } from '../testing/toy-streams.ts'
import type { LoadedSupergraph } from './supergraph.ts'

/** Of this thread's CPU time, in milliseconds: what a single plan may take on a slow machine. */
const SOON = 2_000

let supergraph: LoadedSupergraph

beforeAll(async () => {
  supergraph = await loadToySupergraph(manyWays(10))
})

function plan(query: string) {
  const { planner, plannedSchema } = supergraph
  return planner.buildQueryPlan(operationFromDocument(plannedSchema, parse(query)))
}

function cpuMsOf(run: () => void): number {
  const before = process.threadCpuUsage()
  run()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

describe('an operation', () => {
  it('is refused soon when the ways to its fields multiply with each level', () => {
    const deep = `{ ${'a { b { '.repeat(5)} a0 ${'} }'.repeat(5)} }`
    expect(cpuMsOf(() => expect(() => plan(deep)).toThrow(LimitExceededError))).toBeLessThan(SOON)
  })

  it('is refused soon when it asks for many fields, and there are several ways to each', () => {
    const leaves = times(30, (index) => `a${index} b${index}`).join(' ')
    const wide = `{ ${times(15, (index) => `r${index}: a { b { ${leaves} } }`).join(' ')} }`
    expect(cpuMsOf(() => expect(() => plan(wide)).toThrow(LimitExceededError))).toBeLessThan(SOON)
  })

  it('is planned when there are many ways, of which it does not weigh all against each other', () => {
    const query = `{ ${times(3, (index) => `r${index}: a { b { a0 } }`).join(' ')} }`
    expect(plan(query).node).toBeDefined()
    expect(supergraph.planner.lastGeneratedPlanStatistics()?.evaluatedPlanCount).toBeLessThanOrEqual(100)
  })

  it('is planned when another one was refused before', () => {
    expect(() => plan(`{ ${'a { b { '.repeat(5)} a0 ${'} }'.repeat(5)} }`)).toThrow(LimitExceededError)
    expect(plan('{ a { a0 } }').node).toMatchObject({ kind: 'Fetch' })
  })

  it('that cannot be planned for another reason is the planner’s own error', () => {
    const { planner } = supergraph
    expect(() => planner.buildQueryPlan(undefined as never)).toThrow(TypeError)
  })
})
