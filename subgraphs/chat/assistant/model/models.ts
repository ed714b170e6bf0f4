import type { ModelCatalogue } from '../../conversation/conversation-input.ts'

/** A model that can be asked. */
export interface AssistantModel {
  readonly id: string
  readonly name: string
  readonly isDefault: boolean
  readonly isDemo: boolean
}

/** The models of the configuration; the first is the default. */
export class Models implements ModelCatalogue {
  readonly all: readonly AssistantModel[]
  readonly defaultModel: string

  constructor(names: readonly [string, ...string[]], isDemo: boolean) {
    this.defaultModel = names[0]
    this.all = names.map((id, index) => ({
      id,
      name: isDemo ? `${id} (canned answers, not a language model)` : id,
      isDefault: index === 0,
      isDemo,
    }))
  }

  has(model: string): boolean {
    return this.all.some(({ id }) => id === model)
  }
}
