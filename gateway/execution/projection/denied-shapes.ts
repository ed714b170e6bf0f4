import type { Completion } from './completion.ts'
import { ObjectShape } from './object-shape.ts'
import { ValueShape } from './value-shape.ts'

/** A field that the viewer may not see, whatever its value. */
export class DeniedShape extends ValueShape {
  constructor(isNonNull: boolean) {
    super(isNonNull, () => 'denied field')
  }

  complete(_value: unknown, completion: Completion, depth: number): null | undefined {
    completion.deny(depth)
    return this.nullified()
  }
}

/** An object of a type that the viewer may not see. */
export class DeniedObjectShape extends ObjectShape {
  constructor() {
    super([])
  }

  override complete(_data: unknown, completion: Completion, depth: number): undefined {
    completion.deny(depth)
    return undefined
  }
}
