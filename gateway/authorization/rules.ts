import {
  type FieldDefinition,
  type InterfaceType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  type NamedType,
  type ObjectType,
  type Schema,
} from '@apollo/federation-internals'
import { conjunction, type Requirement } from './requirement.ts'
import { keyOf, type Rule, RuleBook, type RuleKind } from './rule.ts'

/** What a supergraph says of a field. Rules are ids. */
export interface GuardedField {
  readonly rules: readonly number[]
  /** The name of what it returns. */
  readonly type: string
}

/** What a supergraph says of a type. Rules are ids. */
export interface GuardedType {
  readonly rules: readonly number[]
  /** Of an interface or a union, those of all its objects, also of such that clients do not know; else undefined. */
  readonly objects: readonly string[] | undefined
  /** None but of objects and interfaces. */
  readonly fields: ReadonlyMap<string, GuardedField>
}

/** What a supergraph says about who may see what. */
export interface AuthorizationRules {
  /** By id. */
  readonly rules: readonly Rule[]
  /** By name. */
  readonly types: ReadonlyMap<string, GuardedType>
}

type Guarded = NamedType | FieldDefinition<ObjectType | InterfaceType>

const KINDS = ['authenticated', 'requiresScopes', 'policy'] as const

/** What identifies the specification of a directive, apart from its version. */
export function specificationOf(kind: RuleKind): string {
  return `https://specs.apollo.dev/${kind}`
}

/** The versions of the specifications that are known. */
export const RULE_SPECIFICATIONS = KINDS.map((kind) => `${specificationOf(kind)}/v0.1`)

/** The names under which a supergraph imports the directives; those that it does not import are left out. */
export function importedDirectives(schema: Schema): ReadonlyMap<RuleKind, string> {
  const names = new Map<RuleKind, string>()
  for (const kind of KINDS) {
    const name = schema.coreFeatures?.getByIdentity(specificationOf(kind))?.directiveNameInSchema(kind)
    if (name !== undefined) names.set(kind, name)
  }
  return names
}

/**
 * Reads `@authenticated`, `@requiresScopes` and `@policy`, in whatever names the supergraph imports them.
 *
 * @returns undefined when there are no rules.
 */
export function readRules(schema: Schema): AuthorizationRules | undefined {
  const names = importedDirectives(schema)
  if (names.size === 0) return undefined
  const reader = new RuleReader(names)
  const types = new Map(schema.types().map((type) => [type.name, reader.readType(type)]))
  return reader.book.rules.length === 0 ? undefined : { rules: reader.book.rules, types }
}

class RuleReader {
  readonly book = new RuleBook()
  readonly #names: ReadonlyMap<RuleKind, string>

  constructor(names: ReadonlyMap<RuleKind, string>) {
    this.#names = names
  }

  readType(type: NamedType): GuardedType {
    const objects = isInterfaceType(type) || isUnionType(type) ? objectsOf(type) : undefined
    const own = this.#idsOf(type, isInterfaceType(type) ? (objects ?? []) : [])
    const fields = isObjectType(type) || isInterfaceType(type) ? type.fields() : []
    return {
      rules: own,
      objects: objects?.map(({ name }) => name),
      fields: new Map(fields.map((field) => [field.name, this.#readField(field, objects ?? [])])),
    }
  }

  #readField(field: FieldDefinition<ObjectType | InterfaceType>, objects: readonly ObjectType[]): GuardedField {
    const ofObjects = objects.flatMap((object) => object.field(field.name) ?? [])
    return { rules: this.#idsOf(field, ofObjects), type: namedTypeOf(field) }
  }

  /**
   * Composition gives an interface, and each of its fields, all that any of its objects requires. That adds nothing to
   * the rules of the objects themselves and would hide those that require less: it is left out. What an interface
   * requires beyond it, as older compositions allow, stays.
   */
  #idsOf(element: Guarded, implementing: readonly Guarded[]): number[] {
    const rules = this.#rulesOn(element)
    const others = implementing.flatMap((it) => this.#rulesOn(it))
    return rules.filter((rule) => !isDerived(rule, others)).map((rule) => this.book.idOf(rule))
  }

  #rulesOn(element: Guarded): Rule[] {
    const rules: Rule[] = []
    for (const [kind, name] of this.#names) {
      for (const directive of element.appliedDirectivesOf(name)) {
        rules.push(ruleOf(kind, directive.arguments()))
      }
    }
    return rules
  }
}

function ruleOf(kind: RuleKind, { scopes, policies }: { scopes?: Requirement; policies?: Requirement }): Rule {
  if (kind === 'authenticated') return { kind }
  return { kind, anyOf: (kind === 'policy' ? policies : scopes) ?? [] }
}

function isDerived(rule: Rule, others: readonly Rule[]): boolean {
  const same = others.filter(({ kind }) => kind === rule.kind)
  if (same.length === 0) return false
  if (rule.kind === 'authenticated') return true
  const anyOf = conjunction(same.map((other) => ('anyOf' in other ? other.anyOf : [])))
  return keyOf(rule) === keyOf({ kind: rule.kind, anyOf })
}

function objectsOf(type: NamedType): readonly ObjectType[] {
  if (isInterfaceType(type)) return type.possibleRuntimeTypes()
  return isUnionType(type) ? type.types() : []
}

function namedTypeOf({ type }: FieldDefinition<ObjectType | InterfaceType>): string {
  if (!type) throw new Error('A field of the supergraph has no type.')
  return type.toString().replaceAll(/[[\]!]/g, '')
}
