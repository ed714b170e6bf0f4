import type { DeferNode, FetchNode, PlanNode, QueryPlan, SubscriptionNode } from '@apollo/query-planner'
import { type GraphQLSchema, type VariableDefinitionNode, valueFromASTUntyped } from 'graphql'
import { BadUserInputError } from '../../../platform/errors.ts'
import { ContextArguments } from './context-arguments.ts'
import { ConditionStep, ParallelStep, SequenceStep } from './control-steps.ts'
import { DataRewrite } from './data-rewrites.ts'
import { AwaitedStep, DeferStep } from './defer-step.ts'
import { dependencies, fetchIds } from './deferred-fetches.ts'
import { EntityAnswer } from './entity-answer.ts'
import { EntityFetchStep } from './entity-fetch-step.ts'
import { EventStep } from './event-step.ts'
import { FetchIdentities } from './fetch-identities.ts'
import { Representations } from './representations.ts'
import { RootAnswer } from './root-answer.ts'
import { RootFetchStep } from './root-fetch-step.ts'
import type { Step } from './step.ts'
import { SubgraphFetch } from './subgraph-fetch.ts'
import { TargetPath } from './target-path.ts'
import { TypeConditions } from './type-conditions.ts'
import { WantedEntities } from './wanted-entities.ts'

type Requirement = NonNullable<FetchNode['requires']>

/** Turns the nodes of one plan into steps. */
export class PlanCompiler {
  readonly #conditions: TypeConditions
  readonly #definitions: readonly VariableDefinitionNode[]
  readonly #identities: FetchIdentities
  readonly #wanted = new Map<string, WantedEntities>()
  readonly #plan: QueryPlan

  constructor(schema: GraphQLSchema, plan: QueryPlan, definitions: readonly VariableDefinitionNode[]) {
    this.#conditions = new TypeConditions(schema)
    this.#definitions = definitions
    this.#identities = new FetchIdentities(plan.node)
    this.#plan = plan
  }

  /** @throws Error, BadUserInputError for what cannot be run. */
  compile(node: PlanNode | SubscriptionNode, path: readonly string[] = []): Step {
    switch (node.kind) {
      case 'Sequence':
        return new SequenceStep(node.nodes.map((it) => this.compile(it, path)))
      case 'Parallel':
        return new ParallelStep(node.nodes.map((it) => this.compile(it, path)))
      case 'Flatten':
        return this.compile(node.node, [...path, ...node.path.map(String)])
      case 'Condition':
        return new ConditionStep(
          { name: node.condition, default: this.#defaultOf(node.condition) },
          {
            ...(node.ifClause && { ifTrue: this.compile(node.ifClause, path) }),
            ...(node.elseClause && { ifFalse: this.compile(node.elseClause, path) }),
          },
        )
      case 'Fetch':
        return this.#fetch(node, path)
      case 'Subscription':
        return this.#subscription(node)
      case 'Defer':
        return this.#defer(node, path)
    }
  }

  #defer({ primary, deferred }: DeferNode, path: readonly string[]): Step {
    return new DeferStep(
      primary.node && this.compile(primary.node, path),
      fetchIds(primary.node),
      deferred.map((part) => ({
        label: part.label ?? '',
        dependencies: dependencies(part, this.#plan),
        step: part.node && this.compile(part.node, path),
        fetches: fetchIds(part.node),
      })),
    )
  }

  #fetch(node: FetchNode, path: readonly string[]): Step {
    const step = node.requires ? this.#entityFetch(node, node.requires, path) : this.#rootFetch(node, path)
    return node.id === undefined ? step : new AwaitedStep(node.id, step)
  }

  #rootFetch(node: FetchNode, path: readonly string[]): Step {
    if (node.contextRewrites?.length) throw new Error('Only a fetch of entities can take arguments from a context.')
    const fetch = new SubgraphFetch(node, node.variableUsages ?? [], this.#identities.of(node))
    return new RootFetchStep(new TargetPath(path), fetch, new RootAnswer(node, this.#conditions))
  }

  #entityFetch(node: FetchNode, requires: Requirement, path: readonly string[]): Step {
    const context = node.contextRewrites?.length
      ? new ContextArguments(node.contextRewrites, this.#conditions)
      : undefined
    const variables = (node.variableUsages ?? []).filter((name) => !context?.names.has(name))
    if (variables.includes('representations')) {
      throw new BadUserInputError('Rename the variable $representations: the graph needs that name for its own.')
    }
    return new EntityFetchStep({
      wanted: this.#wantedBy(node, requires, path),
      fetch: new SubgraphFetch(node, variables, this.#identities.of(node)),
      answer: new EntityAnswer(node, this.#conditions),
      context,
    })
  }

  /** The same for all fetches that require the same at the same path. */
  #wantedBy({ inputRewrites }: FetchNode, requires: Requirement, path: readonly string[]): WantedEntities {
    const key = JSON.stringify([path, requires, inputRewrites])
    const known = this.#wanted.get(key)
    if (known) return known
    const rewrites = DataRewrite.compileAll(inputRewrites, this.#conditions)
    const wanted = new WantedEntities(new TargetPath(path), new Representations(requires, rewrites, this.#conditions))
    this.#wanted.set(key, wanted)
    return wanted
  }

  #subscription({ primary, rest }: SubscriptionNode): Step {
    const answer = new RootAnswer(primary, this.#conditions)
    const event = new EventStep(new TargetPath([]), answer, rest !== undefined)
    return rest ? new SequenceStep([event, this.compile(rest)]) : event
  }

  /** Undefined when there is none. */
  #defaultOf(variable: string): unknown {
    const definition = this.#definitions.find((it) => it.variable.name.value === variable)
    return definition?.defaultValue && valueFromASTUntyped(definition.defaultValue)
  }
}
