import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { parseQuietly } from '../../../../platform/parse-quietly.ts'
import { GenerationError } from '../model/generation-error.ts'
import type { Moderator } from './moderator.ts'

export interface OpenAiModeratorOptions {
  /** The API's base URL, to which `/moderations` is added. */
  readonly url: string
  /** Undefined: none is sent. */
  readonly apiKey: string | undefined
  readonly model: string
  /** For each part of a text, all attempts together. */
  readonly timeoutMs: number
  /** The pause before the second attempt, in milliseconds; the one before the third is twice as long. */
  readonly pauseMs?: number
}

/** UTF-16 code units that are judged at once; endpoints refuse longer texts. */
const PART = 16_000
/** Neighbouring parts share so much, so that nothing escapes by lying across their border. */
const OVERLAP = 500
const ATTEMPTS = 3
const PAUSE_MS = 250

const judgement = z.object({ results: z.array(z.object({ flagged: z.boolean() })).min(1) })

/**
 * Asks an API of OpenAI's shape (platform.openai.com/docs/api-reference/moderations). It fails closed: a text goes
 * through only when somebody said that it may.
 */
export class OpenAiModerator implements Moderator {
  readonly #options: OpenAiModeratorOptions
  readonly #address: string

  constructor(options: OpenAiModeratorOptions) {
    this.#options = options
    this.#address = `${options.url.replace(/\/+$/, '')}/moderations`
  }

  async check(text: string, signal: AbortSignal): Promise<void> {
    for (const part of partsOf(text)) {
      if (await this.#isFlagged(part, signal)) throw new GenerationError('MODERATION_REFUSED')
    }
  }

  async #isFlagged(part: string, given: AbortSignal): Promise<boolean> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs)
    const signal = AbortSignal.any([given, timeout])
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#ask(part, signal)
      } catch (cause) {
        given.throwIfAborted()
        if (timeout.aborted) throw new GenerationError('PROVIDER_TIMEOUT', { cause })
        if (attempt === ATTEMPTS || cause instanceof UselessAnswer) {
          throw new GenerationError('PROVIDER_UNAVAILABLE', { cause })
        }
      }
      // An abort shows in the next attempt.
      await setTimeout((this.#options.pauseMs ?? PAUSE_MS) * attempt, undefined, { signal }).catch(() => undefined)
    }
  }

  /** @throws UselessAnswer when the same request would be answered in the same way again; else what `fetch` throws. */
  async #ask(input: string, signal: AbortSignal): Promise<boolean> {
    const { apiKey, model } = this.#options
    const response = await fetch(this.#address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ model, input }),
      signal,
    })
    const answer = await response.text()
    if (!response.ok) throw new (isPassing(response.status) ? Error : UselessAnswer)(`status ${response.status}`)
    const read = judgement.safeParse(parseQuietly(answer))
    if (!read.success) throw new UselessAnswer('no judgement')
    return read.data.results.some(({ flagged }) => flagged)
  }
}

/** Its message holds nothing of what the endpoint said, which may repeat the text or the key. */
class UselessAnswer extends Error {
  override readonly name = 'UselessAnswer'
}

function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

/** A text in parts that overlap; none when there is nothing but white space. */
function* partsOf(text: string): Generator<string> {
  if (text.trim() === '') return
  for (let start = 0; start === 0 || start + OVERLAP < text.length; start += PART - OVERLAP) {
    // A pair that is cut here is whole in the other part, and half of one is no JSON that everybody reads.
    yield text.slice(start, start + PART).toWellFormed()
  }
}
