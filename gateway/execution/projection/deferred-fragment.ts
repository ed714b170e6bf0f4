import type { DirectiveNode } from 'graphql'
import { Kind } from 'graphql'
import { deferArgument } from '../incremental-choice.ts'
import type { Completion, DeferredSelection } from './completion.ts'
import { ObjectShape, type ShapedField } from './object-shape.ts'

/** The number of a fragment that is deferred, in an operation of `deferredDocument`; undefined for another one. */
export function deferredNumber(directives: readonly DirectiveNode[] | undefined): string | undefined {
  const mark = directives?.find(({ name }) => name.value === 'defer')
  const label = mark && deferArgument(mark, 'label')?.value
  return label?.kind === Kind.STRING ? label.value : undefined
}

/** A fragment that is deferred, compiled when its first object is completed. */
export class DeferredFragment implements DeferredSelection {
  readonly number: string
  readonly #compile: (typename: string | undefined) => ObjectShape
  readonly #shapes = new Map<string | undefined, ObjectShape>()

  /** @param compile what it selects of objects of a type; undefined where the data do not say it. */
  constructor(number: string, compile: (typename: string | undefined) => ObjectShape) {
    this.number = number
    this.#compile = compile
  }

  complete(
    data: Readonly<Record<string, unknown>>,
    completion: Completion,
    depth: number,
  ): Record<string, unknown> | undefined {
    const { __typename: told } = data
    const typename = typeof told === 'string' ? told : undefined
    const shape = this.#shapes.get(typename) ?? this.#compile(typename)
    this.#shapes.set(typename, shape)
    return shape.complete(data, completion, depth)
  }
}

/** An object of which a part comes later. */
export class DeferringObjectShape extends ObjectShape {
  readonly #deferred: readonly DeferredFragment[]

  constructor(fields: readonly ShapedField[], deferred: readonly DeferredFragment[]) {
    super(fields)
    this.#deferred = deferred
  }

  override complete(
    data: Readonly<Record<string, unknown>>,
    completion: Completion,
    depth: number,
  ): Record<string, unknown> | undefined {
    const completed = super.complete(data, completion, depth)
    if (completed) for (const fragment of this.#deferred) completion.defer(fragment, depth)
    return completed
  }
}
