import { type GraphQLSchema, isInterfaceType, isUnionType } from 'graphql'

/** Which types of the joined schema satisfy a type condition. */
export class TypeConditions {
  readonly #schema: GraphQLSchema
  readonly #satisfying = new Map<string, ReadonlySet<string>>()

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
  }

  /**
   * The names that an object's `__typename` may have for it to be of a type: the type itself, and what implements it or
   * is a member of it. Interfaces are among them, because for a subgraph with `@interfaceObject` they are object types.
   */
  satisfying(condition: string): ReadonlySet<string> {
    const known = this.#satisfying.get(condition)
    if (known) return known
    const names = new Set([condition, ...this.#below(condition)])
    this.#satisfying.set(condition, names)
    return names
  }

  /** Whether a type is an interface, and so at most a subgraph's word for the type of an object. */
  isInterface(name: unknown): boolean {
    return typeof name === 'string' && isInterfaceType(this.#schema.getType(name))
  }

  #below(condition: string): string[] {
    const type = this.#schema.getType(condition)
    if (isUnionType(type)) return type.getTypes().map(({ name }) => name)
    if (!isInterfaceType(type)) return []
    const { objects, interfaces } = this.#schema.getImplementations(type)
    return [...objects, ...interfaces].map(({ name }) => name)
  }
}
