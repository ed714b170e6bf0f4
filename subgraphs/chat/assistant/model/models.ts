import type { ModelCatalogue } from '../../conversation/conversation-input.ts'
import type { Encoding, ModelDescription } from './model-description.ts'

/** A model that can be asked. */
export interface AssistantModel {
  readonly id: string
  readonly name: string
  /** How many tokens it reads and writes together at most; null when that is not configured. */
  readonly contextTokens: number | null
  /** How many tokens it writes at most; null when that is not configured. */
  readonly maxOutputTokens: number | null
  /** Whether it goes on with a beginning of its own answer. */
  readonly canContinue: boolean
  /** Whether it may be given tools. */
  readonly usesTools: boolean
  /** How its tokens are counted; null when that is not known. */
  readonly encoding: Encoding | null
  /** From and to; null when it cannot be set. */
  readonly temperature: readonly [number, number] | null
  readonly isDefault: boolean
  readonly isDemo: boolean
}

const ANY_TEMPERATURE = [0, 2] as const

/** Encodings by the names that OpenAI gives its models, the first that fits; see gpt-tokenizer's own table. */
const ENCODING_OF: readonly (readonly [RegExp, Encoding])[] = [
  [/^gpt-oss/, 'o200k_harmony'],
  [/^(gpt-4o|gpt-4\.[15]|gpt-[5-9]|chatgpt-|o[1-9])/, 'o200k_base'],
  [/^(gpt-4|gpt-3\.5|gpt-35)/, 'cl100k_base'],
]

/** Those of OpenAI's own that may be given tools, but for the ones without: https://platform.openai.com/docs/models. */
const WITH_TOOLS = /^(gpt-4|gpt-[5-9]|gpt-3\.5|gpt-35|o[1-9](-|$))/
const WITHOUT_TOOLS = /^o1-(mini|preview)|-(chat|search|audio|realtime|transcribe|tts|image|vision|instruct)(-|$)/
/** Those of OpenAI's own that refuse any other temperature than their own. */
const FIXED_TEMPERATURE = /^(o[1-9](-|$)|gpt-5(-(mini|nano|pro|codex))?(-\d|$)|gpt-.+-search(-|$))/

/** The models of the configuration; the first is the default. Of a name alone nothing else is known. */
export class Models implements ModelCatalogue {
  readonly all: readonly AssistantModel[]
  readonly defaultModel: string
  readonly #descriptions: ReadonlyMap<string, ModelDescription>
  readonly #byId: ReadonlyMap<string, AssistantModel>
  readonly #isDemo: boolean

  constructor(models: readonly [ModelDescription | string, ...(ModelDescription | string)[]], isDemo: boolean) {
    this.#isDemo = isDemo
    const described = models.map((model) => (typeof model === 'string' ? { id: model } : model))
    this.all = described.map((model, index) => this.#model(model, index === 0))
    this.#descriptions = new Map(described.map((model) => [model.id, model]))
    this.#byId = new Map(this.all.map((model) => [model.id, model]))
    this.defaultModel = typeof models[0] === 'string' ? models[0] : models[0].id
  }

  has(model: string): boolean {
    return this.#byId.has(model)
  }

  /** A model by its id; one that the configuration does not name any more has no limits that would be known. */
  get(id: string): AssistantModel {
    return this.#byId.get(id) ?? this.#model({ id }, false)
  }

  /** The model that answers by these settings of a conversation. */
  nameFor(settings: { readonly model: string } | null | undefined): string {
    return settings?.model ?? this.defaultModel
  }

  /** What the configuration says of a model. */
  describe(id: string): ModelDescription {
    return this.#descriptions.get(id) ?? { id }
  }

  #model(description: ModelDescription, isDefault: boolean): AssistantModel {
    const { id, name, contextTokens, maxOutputTokens, canContinue, encoding, tools, temperature } = description
    const isDemo = this.#isDemo
    return {
      id,
      name: isDemo ? `${id} (canned answers, not a language model)` : (name ?? id),
      contextTokens: contextTokens ?? null,
      maxOutputTokens: maxOutputTokens ?? null,
      canContinue: canContinue ?? isDemo,
      // Who runs an open model has to switch them on: a server that does not know them refuses the request.
      usesTools: tools ?? (isDemo || mayHaveTools(id)),
      encoding: encoding ?? encodingOf(id),
      temperature: temperature === undefined ? usualTemperature(id) : temperature,
      isDefault,
      isDemo,
    }
  }
}

function encodingOf(id: string): Encoding | null {
  const name = ownName(id)
  return ENCODING_OF.find(([pattern]) => pattern.test(name))?.[1] ?? null
}

function mayHaveTools(id: string): boolean {
  return WITH_TOOLS.test(ownName(id)) && !WITHOUT_TOOLS.test(ownName(id))
}

function usualTemperature(id: string): readonly [number, number] | null {
  return FIXED_TEMPERATURE.test(ownName(id)) ? null : ANY_TEMPERATURE
}

/** Gateways put the maker's name before the model's, fine-tuned models have `ft:` there, and more behind it. */
function ownName(id: string): string {
  return id.replace(/^openai\//, '').replace(/^ft:([^:]+).*$/, '$1')
}
