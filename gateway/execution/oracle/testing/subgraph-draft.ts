/** One type of a subgraph while it is being written. */
interface TypeDraft {
  readonly keyword: 'type' | 'interface'
  readonly keys: string[]
  readonly fields: Map<string, string>
  implements: string
  directives: string
  /** Nobody comes in by its keys unless it says more than them. */
  mayBeUnresolvable: boolean
}

const FEDERATION = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@requires",
  "@provides", "@external", "@shareable", "@override", "@inaccessible", "@interfaceObject"])`

/** The schema of one subgraph while it is being written. */
export class SubgraphDraft {
  readonly name: string
  readonly #types = new Map<string, TypeDraft>()
  /** Definitions that need nothing more: enums, scalars, unions, inputs. */
  readonly #whole = new Map<string, string>()

  constructor(name: string) {
    this.name = name
  }

  has(type: string): boolean {
    return this.#types.has(type) || this.#whole.has(type)
  }

  /** @returns false when it was there already. */
  begin(type: string, draft: Partial<TypeDraft> = {}): boolean {
    if (this.has(type)) return false
    const blank = { keyword: 'type', keys: [], implements: '', directives: '', mayBeUnresolvable: false } as const
    this.#types.set(type, { ...blank, keys: [], fields: new Map(), ...draft })
    return true
  }

  /** @returns false when it was there already. */
  define(type: string, definition: string): boolean {
    if (this.has(type)) return false
    this.#whole.set(type, definition)
    return true
  }

  implement(type: string, interfaces: string): void {
    this.#type(type).implements = `implements ${interfaces}`
  }

  hasField(type: string, field: string): boolean {
    return this.#types.get(type)?.fields.has(field) ?? false
  }

  keysOf(type: string): readonly string[] {
    return this.#types.get(type)?.keys ?? []
  }

  /** @param text what follows the name. */
  field(type: string, name: string, text: string): void {
    this.#type(type).fields.set(name, text)
  }

  /** @param keyFields names of fields of which a type consists that adds nothing. */
  print(keyFields: ReadonlySet<string>): string {
    const types = [...this.#types].map(([name, draft]) => printType(name, draft, keyFields))
    return [FEDERATION, ...this.#whole.values(), ...types].join('\n')
  }

  #type(name: string): TypeDraft {
    const draft = this.#types.get(name)
    if (!draft) throw new Error(`The subgraph ${this.name} has no type ${name} yet.`)
    return draft
  }
}

function printType(name: string, draft: TypeDraft, keyFields: ReadonlySet<string>): string {
  const onlyKeys = [...draft.fields.keys()].every((field) => keyFields.has(field))
  const resolvable = draft.mayBeUnresolvable && onlyKeys ? ', resolvable: false' : ''
  const keys = draft.keys.map((key) => `@key(fields: "${key}"${resolvable})`)
  const fields = [...draft.fields].map(([field, text]) => `  ${field}${text}`)
  return [`${draft.keyword} ${name} ${draft.implements} ${keys.join(' ')} ${draft.directives} {`, ...fields, '}'].join(
    '\n',
  )
}
