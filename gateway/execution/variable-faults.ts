import { type GraphQLError, type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from 'graphql'

/** How many faults a client is told of at most, with one more that says that there are others. */
const MAX_FAULTS = 20

/** In characters of JSON: of larger variables one fault is told, because each takes as long as the variable is large. */
const MAX_LISTED_SIZE = 50_000

/** Of one message, in characters. graphql-js prints the whole variable in each, between where it is and what is wrong. */
const [KEPT_AT_BEGIN, KEPT_AT_END] = [100, 200]

/** What variables are checked against. */
interface VariableRules {
  readonly clientSchema: GraphQLSchema
  /** Keeps the names of the schema that a client may have meant out of the messages. */
  readonly production: boolean
}

/**
 * What is wrong with the variables of an operation, in bounded length; undefined when they fit it.
 *
 * @param variables as the client sent them.
 */
export function variableFaults(
  rules: VariableRules,
  operation: Pick<OperationDefinitionNode, 'variableDefinitions'>,
  variables: Record<string, unknown>,
): readonly GraphQLError[] | undefined {
  const first = firstFaults(rules, operation, variables, 1)
  const areMore = first !== undefined && first.length > 1
  const errors =
    areMore && JSON.stringify(variables).length <= MAX_LISTED_SIZE
      ? firstFaults(rules, operation, variables, MAX_FAULTS)
      : first
  for (const error of errors ?? []) error.message = shortened(error.message)
  return errors
}

/** With one more when there are others. */
function firstFaults(
  { clientSchema, production }: VariableRules,
  { variableDefinitions = [] }: Pick<OperationDefinitionNode, 'variableDefinitions'>,
  variables: Record<string, unknown>,
  maxErrors: number,
): readonly GraphQLError[] | undefined {
  return getVariableValues(clientSchema, variableDefinitions, variables, { maxErrors, hideSuggestions: production })
    .errors
}

function shortened(message: string): string {
  if (message.length <= KEPT_AT_BEGIN + KEPT_AT_END) return message
  return `${message.slice(0, KEPT_AT_BEGIN)} … ${message.slice(-KEPT_AT_END)}`
}
