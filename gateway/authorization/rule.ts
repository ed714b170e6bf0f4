import { canonical, type Requirement } from './requirement.ts'

/** One condition under which a viewer may see something. */
export type Rule =
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'requiresScopes' | 'policy'; readonly anyOf: Requirement }

export type RuleKind = Rule['kind']

/** Every rule of a supergraph, each once. */
export class RuleBook {
  readonly rules: Rule[] = []
  readonly #ids = new Map<string, number>()

  /** The id of a rule: its index. */
  idOf(rule: Rule): number {
    const key = keyOf(rule)
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.rules.push(rule) - 1
    this.#ids.set(key, id)
    return id
  }
}

/** Equal for rules that say the same. */
export function keyOf(rule: Rule): string {
  return rule.kind === 'authenticated' ? rule.kind : `${rule.kind} ${JSON.stringify(canonical(rule.anyOf))}`
}
