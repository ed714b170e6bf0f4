import type {
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
} from 'graphql'
import type { Denials } from '../../authorization/denials.ts'
import { deniedPositions, type Position } from '../../authorization/denied-positions.ts'
import { unauthorizedErrors } from '../../authorization/unauthorized-paths.ts'
import { Introspection, isIntrospection } from '../introspection.ts'
import { Completion } from './completion.ts'
import { type Assignment, Conditions } from './conditions.ts'
import { deferredNumber } from './deferred-fragment.ts'
import { type ProjectedPart, partsOf } from './deferred-part.ts'
import type { ObjectShape } from './object-shape.ts'
import { selectedFields } from './selected-fields.ts'
import { ShapeCompiler } from './shape-compiler.ts'

/**
 * How many assignments of the variables of `@skip` and `@include` are kept compiled for one operation. Each takes about
 * fifty times as many bytes as the operation has characters, and a client may send all of them.
 */
const MAX_ASSIGNMENTS = 4

/** Makes of fetched data what the client asked for. Holds no state of a request. */
export interface Projection {
  /**
   * Whether anything is selected that only subgraphs know. Asked before anything is fetched.
   *
   * @throws BadUserInputError when a variable of `@skip` or `@include` is neither true nor false.
   */
  selectsData(variables: Readonly<Record<string, unknown>>): boolean
  /**
   * What the client gets of the data: only what is selected, in the order of the selection, and null for whatever does
   * not fit its type, or for its parent that may be null.
   *
   * @param data what was fetched, by response key; is read and never written.
   * @param variables as the client sent them.
   * @returns as `faults` what had to be made null for, in the words and with the paths of Apollo's gateway; as `denied`
   *   what the viewer may not see.
   * @throws Error for data that no subgraph that knows its own schema answers: a value for a list, and the like.
   */
  project(data: Readonly<Record<string, unknown>>, variables: Readonly<Record<string, unknown>>): ProjectedPart
}

/**
 * Compiles what an operation selects. Faults are worded and placed as Apollo's gateway does it in `resultShaping`.
 *
 * @param schema what clients see.
 * @param operation valid.
 * @param denials what the viewer may not see: it is null, whatever the data say.
 */
export function compileProjection(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  denials?: Denials | undefined,
): Projection {
  return new CompiledProjection(schema, operation, fragments, denials)
}

/** What is left of an operation under one assignment. */
interface Variant {
  /** Of the assignment. */
  readonly key: string
  readonly root: ObjectShape
  readonly selectsData: boolean
  /** Where something is denied for certain. */
  readonly positions: readonly Position[]
}

class CompiledProjection implements Projection {
  readonly #schema: GraphQLSchema
  readonly #rootType: GraphQLObjectType
  readonly #operation: OperationDefinitionNode
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #conditions: Conditions
  readonly #denials: Denials | undefined
  /** The one that was used last comes first. */
  #variants: readonly Variant[] = []

  constructor(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    denials: Denials | undefined,
  ) {
    const rootType = schema.getRootType(operation.operation)
    if (!rootType) throw new Error(`The schema has no root type for a ${operation.operation}.`)
    this.#schema = schema
    this.#rootType = rootType
    this.#operation = operation
    this.#fragments = fragments
    this.#conditions = new Conditions(operation, fragments)
    this.#denials = denials
  }

  selectsData(variables: Readonly<Record<string, unknown>>): boolean {
    return this.#variantFor(variables).selectsData
  }

  project(data: Readonly<Record<string, unknown>>, variables: Readonly<Record<string, unknown>>): ProjectedPart {
    const completion = new Completion(variables)
    const { root, positions } = this.#variantFor(variables)
    const projected = root.complete(data, completion, 0) ?? null
    const { faults } = completion
    const deferred = partsOf(projected, 0, completion)
    if (!this.#denials) return { data: projected, faults, deferred }
    return { data: projected, faults, denied: unauthorizedErrors(projected, completion.denied, positions), deferred }
  }

  #variantFor(variables: Readonly<Record<string, unknown>>): Variant {
    const assignment = this.#conditions.assignment(variables)
    const [recent] = this.#variants
    if (recent?.key === assignment.key) return recent
    const variant = this.#variants.find(({ key }) => key === assignment.key) ?? this.#compile(assignment)
    this.#variants = [variant, ...this.#variants.filter((it) => it !== variant)].slice(0, MAX_ASSIGNMENTS)
    return variant
  }

  #compile(assignment: Assignment): Variant {
    const part = { schema: this.#schema, fragments: this.#fragments, assignment, denials: this.#denials }
    const type = this.#rootType
    const selections = [{ selectionSet: this.#operation.selectionSet, type }]
    const introspection = new Introspection(this.#schema, this.#operation, this.#fragments)
    const root = new ShapeCompiler(part, introspection).objectShape(selections, { type, name: type.name })
    const fields = [...selectedFields(part, selections, type).values()]
    const selectsData = fields.some(([first]) => first && this.#isFetched(first.node.name.value))
    return { key: assignment.key, root, selectsData, positions: this.#positions(assignment) }
  }

  #isFetched(rootField: string): boolean {
    const { name } = this.#rootType
    return isOfSubgraphs(rootField) && !this.#denials?.deniesField(name, name, rootField)
  }

  #positions(assignment: Assignment): readonly Position[] {
    if (!this.#denials) return []
    const considered = {
      operation: this.#operation,
      fragments: this.#fragments,
      // What is deferred tells for itself what of it is denied.
      includes: ({ directives }: SelectionNode) =>
        assignment.includes(directives) && deferredNumber(directives) === undefined,
      rootType: this.#rootType.name,
    }
    return deniedPositions(considered, this.#denials)
  }
}

function isOfSubgraphs(fieldName: string): boolean {
  return fieldName !== '__typename' && !isIntrospection(fieldName)
}
