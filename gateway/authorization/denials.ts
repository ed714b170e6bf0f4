import type { AuthorizationRules, GuardedType } from './rules.ts'

/** What a viewer who does not meet certain rules of a supergraph may not see. */
export class Denials {
  /** Equal for equal sets of rules. */
  readonly key: string
  /** The ids of the rules, ascending. */
  readonly rules: readonly number[]
  readonly #types: ReadonlyMap<string, GuardedType>
  readonly #denied: ReadonlySet<number>

  /** @param denied the ids of the rules, ascending. */
  constructor({ types }: AuthorizationRules, denied: readonly number[]) {
    this.key = denied.join(',')
    this.rules = denied
    this.#types = types
    this.#denied = new Set(denied)
  }

  /** All objects of a type: itself, or those of an interface or a union. */
  objectsOf(type: string): readonly string[] {
    return this.#types.get(type)?.objects ?? [type]
  }

  /** The name of what a field of a type returns; undefined when there is no such field. */
  returnedBy(type: string, field: string): string | undefined {
    return this.#types.get(type)?.fields.get(field)?.type
  }

  /** Whether a type's own rules, or those of each of its objects, deny it. */
  deniesType(type: string): boolean {
    return this.#deniesByRule(type) || this.deniesObjectsOf(type)
  }

  /** Whether nothing can be of a type that the viewer may see. */
  deniesObjectsOf(type: string): boolean {
    const objects = this.objectsOf(type)
    return objects.length > 0 && objects.every((object) => this.#deniesByRule(object))
  }

  /**
   * Whether a field is denied on objects of one type.
   *
   * @param parent what the field is selected of: the object's type, or an interface.
   * @param object the objects' type; an abstract type stands for all of its objects.
   */
  deniesField(parent: string, object: string, field: string): boolean {
    if (field.startsWith('__')) return false
    if (this.#deniesOwn(parent, field)) return true
    const objects = this.objectsOf(object)
    return objects.length > 0 && objects.every((name) => this.#deniesOwn(name, field))
  }

  /** By the rules of the type, of its field and of what that returns. */
  #deniesOwn(type: string, field: string): boolean {
    const guarded = this.#types.get(type)?.fields.get(field)
    if (this.#deniesByRule(type)) return true
    return guarded !== undefined && (this.#has(guarded.rules) || this.deniesType(guarded.type))
  }

  #deniesByRule(type: string): boolean {
    return this.#has(this.#types.get(type)?.rules ?? [])
  }

  #has(rules: readonly number[]): boolean {
    return rules.some((rule) => this.#denied.has(rule))
  }
}
