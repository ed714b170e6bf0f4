import { z } from 'zod'

/** How the tokens of a model are counted; see gpt-tokenizer. */
export const ENCODINGS = ['o200k_base', 'o200k_harmony', 'cl100k_base'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** Which of OpenAI's two interfaces a model is asked through. */
export type ModelApi = 'chat' | 'responses'

/** As many as can be added up in 32 bits, and far more than any model has. */
export const MOST_TOKENS = 100_000_000

const tokens = z
  .int('must be a whole number of tokens')
  .min(1, { error: 'must be 1 or more', abort: true })
  .max(MOST_TOKENS, { error: `must be ${MOST_TOKENS} or less`, abort: true })
const name = z.string('must be a name').min(1, 'must not be empty').max(200, 'may have 200 characters at most')
const api = z.enum(['chat', 'responses'], 'must be chat or responses')
const outputLimit = z.enum(['max_completion_tokens', 'max_tokens'], 'must be max_completion_tokens or max_tokens')
const temperature = z.number('must be a number from 0 to 2').min(0, 'must be 0 or more').max(2, 'must be 2 or less')

const modelFacts = z
  .strictObject(
    {
      /** To show; the id when not given. */
      name: name.optional(),
      /** How many tokens the model reads and writes together at most. */
      contextTokens: tokens.optional(),
      /** How many it writes at most. */
      maxOutputTokens: tokens.optional(),
      /** Whether it goes on with a beginning of its own answer that the request ends with. */
      canContinue: z.boolean('must be true or false').optional(),
      /** What a request has beside such a beginning; vLLM wants `continue_final_message`. */
      continueFields: z.record(z.string(), z.json(), 'must be an object').optional(),
      encoding: z.enum(ENCODINGS, `must be one of ${ENCODINGS.join(', ')}`).optional(),
      /** Whether it may be given tools; else those that OpenAI names so, and the demo. Many servers refuse them. */
      tools: z.boolean('must be true or false').optional(),
      /** Everywhere, or by base URL; `chat` where nothing is said. */
      api: z.union([api, z.record(z.string(), api)], 'must be chat, responses or one of them by base URL').optional(),
      /** What chat completions call the longest answer; else as OpenAI and Azure do there, and `max_tokens` elsewhere. */
      outputLimit: outputLimit.optional(),
      /** What the model is called elsewhere, by base URL; its id where nothing is said. */
      nameAt: z.record(z.string(), name, 'must be names by base URL').optional(),
      /** From and to; null: it has none that could be set. When not given none for OpenAI's reasoning models, else 0 to 2. */
      temperature: z
        .tuple([temperature, temperature], 'must be two numbers, or null')
        .refine(([from, to]) => from <= to, 'must be in ascending order')
        .nullable()
        .optional(),
    },
    'must be an object',
  )
  .refine(({ contextTokens, maxOutputTokens }) => (maxOutputTokens ?? 0) < (contextTokens ?? Infinity), {
    path: ['maxOutputTokens'],
    error: 'must be less than contextTokens',
  })

/** What an operator says of a model. */
export type ModelFacts = z.output<typeof modelFacts>

/** A model's id with what is said of it. */
export interface ModelDescription extends ModelFacts {
  readonly id: string
}

/** What a file says of models, by id. */
export const modelsFile = z.record(z.string(), modelFacts, 'must be an object of models by id')

/**
 * The value for a base URL, of one that may differ between them; a slash at the end of a URL makes no difference.
 *
 * @returns undefined when nothing is said of it.
 */
export function valueAt<Value extends string>(
  values: Value | Readonly<Record<string, Value>> | undefined,
  baseUrl: string,
): Value | undefined {
  if (values === undefined || typeof values === 'string') return values
  return Object.entries<Value>(values).find(([url]) => isSameUrl(url, baseUrl))?.[1]
}

/** Whether two base URLs are one; a slash at the end makes no difference. */
export function isSameUrl(one: string, other: string): boolean {
  return withoutSlash(one) === withoutSlash(other)
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}
