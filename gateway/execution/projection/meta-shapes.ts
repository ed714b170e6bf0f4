import type { FieldNode } from 'graphql'
import type { Introspection } from '../introspection.ts'
import type { Completion } from './completion.ts'
import { ValueShape } from './value-shape.ts'

const nowhere = () => 'field __typename'

/** `__typename` of objects whose type is known. */
export class TypenameShape extends ValueShape {
  readonly #name: string

  constructor(name: string) {
    super(true, nowhere)
    this.#name = name
  }

  complete(): string {
    return this.#name
  }
}

/** `__typename` where the object does not say its type itself; where nothing does, the object is null. */
export class UnknownTypenameShape extends ValueShape {
  readonly #isObjectType: (name: string) => boolean

  constructor(isObjectType: (name: string) => boolean) {
    super(true, nowhere)
    this.#isObjectType = isObjectType
  }

  complete(value: unknown): string | undefined {
    return typeof value === 'string' && this.#isObjectType(value) ? value : undefined
  }
}

/** `__schema` or `__type`, which no subgraph is asked for. */
export class IntrospectionShape extends ValueShape {
  readonly #introspection: Introspection
  readonly #nodes: readonly FieldNode[]

  /** @param nodes everything that is selected under one response name. */
  constructor(introspection: Introspection, nodes: readonly FieldNode[]) {
    super(false, nowhere)
    this.#introspection = introspection
    this.#nodes = nodes
  }

  complete(_value: unknown, { variables }: Completion): unknown {
    return this.#introspection.answer(this.#nodes, variables)
  }
}
