import { type DocumentNode, type GraphQLSchema, getOperationAST, type OperationDefinitionNode } from 'graphql'
import type { Viewer } from '../../platform/access-token.ts'
import { LruCache } from '../../platform/lru-cache.ts'
import { fragmentsOf } from '../fragments-of.ts'
import { Denials } from './denials.ts'
import { metRules } from './met-rules.ts'
import { isHeld } from './requirement.ts'
import type { AuthorizationRules } from './rules.ts'

/** The names of the policies that a viewer, or somebody anonymous, is granted at this moment. */
export type GrantedPolicies = (viewer: Viewer | null) => ReadonlySet<string>

/** How many sets of denied rules are kept; a graph has few that are ever asked for. */
const MAX_SETS = 1_000

const NOTHING: ReadonlySet<string> = new Set()

/** Tells what of an operation a viewer may not see. */
export class Authorization {
  readonly #rules: AuthorizationRules
  readonly #schema: GraphQLSchema
  readonly #policies: GrantedPolicies
  readonly #denials = new LruCache<Denials>(MAX_SETS)
  /** What each operation meets; documents are kept parsed by others. */
  readonly #met = new WeakMap<OperationDefinitionNode, readonly number[]>()

  /**
   * @param schema what clients see.
   * @param policies absent: no policy is granted to anybody.
   */
  constructor(rules: AuthorizationRules, schema: GraphQLSchema, policies: GrantedPolicies = () => NOTHING) {
    this.#rules = rules
    this.#schema = schema
    this.#policies = policies
  }

  /**
   * What an operation of a valid document selects that a viewer may not see.
   *
   * @returns undefined when that is nothing; the same object for the same rules.
   * @throws what the evaluation of policies throws.
   */
  denialsOf(document: DocumentNode, operationName: string | undefined, viewer: Viewer | null): Denials | undefined {
    const operation = getOperationAST(document, operationName)
    if (!operation) return undefined
    return this.#denialsBy(this.#rulesMetBy(document, operation), viewer)
  }

  /** The same when other rules, too, are to count as not met. */
  joined(one: Denials | undefined, other: Denials | undefined): Denials | undefined {
    if (!one || !other) return one ?? other
    return this.#denialsOfRules([...new Set([...one.rules, ...other.rules])].sort((a, b) => a - b))
  }

  #rulesMetBy(document: DocumentNode, operation: OperationDefinitionNode): readonly number[] {
    const known = this.#met.get(operation)
    if (known) return known
    const rootType = this.#schema.getRootType(operation.operation)?.name ?? ''
    const met = metRules(this.#rules, rootType, operation.selectionSet, fragmentsOf(document))
    this.#met.set(operation, met)
    return met
  }

  #denialsBy(met: readonly number[], viewer: Viewer | null): Denials | undefined {
    if (met.length === 0) return undefined
    const rules = met.map((id) => ({ id, rule: this.#rules.rules[id] }))
    const policies = rules.some(({ rule }) => rule?.kind === 'policy') ? this.#policies(viewer) : NOTHING
    const denied = rules.filter(({ rule }) => {
      if (!rule || rule.kind === 'authenticated') return viewer === null
      return !isHeld(rule.anyOf, rule.kind === 'policy' ? policies : (viewer?.scope ?? NOTHING))
    })
    return denied.length === 0 ? undefined : this.#denialsOfRules(denied.map(({ id }) => id))
  }

  #denialsOfRules(rules: readonly number[]): Denials {
    const key = rules.join(',')
    const denials = this.#denials.get(key) ?? new Denials(this.#rules, rules)
    this.#denials.set(key, denials, 1)
    return denials
  }
}
