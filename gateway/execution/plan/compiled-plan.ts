import type { QueryPlan } from '@apollo/query-planner'
import type { GraphQLSchema, VariableDefinitionNode } from 'graphql'
import { Execution } from './execution.ts'
import { PlanCompiler } from './plan-compiler.ts'
import type { PlanRun } from './plan-run.ts'
import { addError } from './run-errors.ts'

/** What the compilation of a plan needs of a supergraph; a LoadedSupergraph is one. */
export interface PlanSchema {
  /** With everything that joins the subgraphs, also what clients do not see. */
  readonly joinedSchema: GraphQLSchema
}

/** What the compilation of a plan needs of the client's operation; an OperationDefinitionNode is one. */
export interface PlannedOperation {
  readonly variableDefinitions?: readonly VariableDefinitionNode[] | undefined
}

/** A query plan with everything decided that can be decided before it runs. Holds no state of a run. */
export interface CompiledPlan {
  /**
   * Fetches all there is to fetch into `run.data`; failures go to `run.errors` as they were thrown. What is deferred may
   * be still to come then, see `run.deferral`. Never rejects.
   */
  run(run: PlanRun): Promise<void>
}

/**
 * Compiles what the query planner made of an operation.
 *
 * @throws Error for a plan that is not as the planner makes them.
 * @throws BadUserInputError when a variable of the client has the name that fetches of entities need for their own.
 */
export function compilePlan(schema: PlanSchema, plan: QueryPlan, operation: PlannedOperation): CompiledPlan {
  const compiler = new PlanCompiler(schema.joinedSchema, plan, operation.variableDefinitions ?? [])
  const step = plan.node && compiler.compile(plan.node)
  return {
    async run(run) {
      try {
        await step?.run(new Execution(run))
      } catch (reason) {
        addError(run.errors, reason)
      }
    },
  }
}
