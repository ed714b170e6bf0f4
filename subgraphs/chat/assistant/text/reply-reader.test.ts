import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import { type BegunClaim, claimNext } from '../generation/claim.ts'
import { handOver } from '../generation/generation-lease.ts'
import { addText, FREE, finishReply } from '../generation/testing/claims.ts'
import { readReplyText } from './reply-text.ts'

/** What may happen to a reply, and somebody who looks at it. */
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ write: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }) }) },
    { weight: 5, arbitrary: fc.record({ look: fc.constantFrom(0, 1) }) },
    { weight: 2, arbitrary: fc.record({ takeOver: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ end: fc.constantFrom('COMPLETED' as const, 'CANCELLED' as const) }) },
    { weight: 2, arbitrary: fc.constantFrom({ regenerate: true }, { goOn: true }) },
    { weight: 1, arbitrary: fc.record({ show: fc.nat({ max: 2 }) }) },
  ),
  { minLength: 4, maxLength: 16 },
)
type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never

/** The first version is gone on with after a second one, whose attempts somebody has seen. */
const backToTheFirst: Step[] = [
  ...[{ write: 'One, two' }, { end: 'CANCELLED' as const }, { regenerate: true as const }],
  ...[{ write: 'Uno' }, { look: 0 as const }, { end: 'CANCELLED' as const }],
  ...[{ show: 0 }, { goOn: true as const }, { look: 0 as const }],
]

describe('who reads a reply now and then', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  async function claim(canContinue: boolean): Promise<BegunClaim> {
    const claimed = await claimNext(chat.fork(), { leaseMs: 60_000, canContinue: () => canContinue, ledger: FREE })
    if (!claimed) throw new Error('There is no reply to write.')
    return claimed
  }

  /** A reply with all that may befall it, and what its text is by then. */
  class Story {
    readonly readers = [0, 1].map(() => ({ attempt: 0, offset: 0, text: '' }))
    /** `kept` is what somebody had gone on with: it stays in every attempt from then on. */
    readonly #versions: { id: string; text: string; kept: number; isWhole: boolean }[]
    #shown = 0
    #claim: BegunClaim | undefined
    readonly #reply: { conversationId: string; messageId: string }

    constructor(first: BegunClaim) {
      this.#claim = first
      this.#reply = { conversationId: first.conversationId, messageId: first.messageId }
      this.#versions = [{ id: first.id, text: '', kept: 0, isWhole: false }]
    }

    async happen(step: Step): Promise<void> {
      if ('look' in step) await this.#look(step.look)
      else if (this.#claim) await this.#work(this.#claim, step)
      else await this.#control(step)
    }

    async end(): Promise<void> {
      await this.happen({ end: 'COMPLETED' })
      for (const reader of [0, 1]) await this.#look(reader)
    }

    get #version() {
      const version = this.#versions[this.#shown]
      if (!version) throw new Error('One is always shown.')
      return version
    }

    async #look(reader: number): Promise<void> {
      const seen = this.readers[reader]
      if (!seen) throw new Error('There are two.')
      const { attempt, offset } = seen
      const [piece] = await readReplyText(chat.fork(), [{ ...this.#reply, attempt, offset }])
      if (!piece) throw new Error('It is there.')
      seen.text = seen.text.slice(0, piece.offset) + piece.text
      seen.attempt = piece.attempt
      seen.offset = piece.offset + piece.text.length
      expect(seen.text).toBe(this.#version.text)
      expect(seen.offset).toBe(seen.text.length)
    }

    async #work(claimed: BegunClaim, step: Step): Promise<void> {
      const version = this.#version
      if ('write' in step) {
        await addText(chat.fork(), claimed, { offset: version.text.length, text: step.write })
        version.text += step.write
      } else if ('takeOver' in step) {
        await handOver(chat.fork(), claimed)
        this.#claim = await claim(step.takeOver)
        if (!step.takeOver) version.text = version.text.slice(0, version.kept)
      } else if ('end' in step) {
        await finishReply(chat.fork(), claimed, { status: step.end })
        this.#claim = undefined
        version.isWhole = step.end === 'COMPLETED'
      }
    }

    async #control(step: Step): Promise<void> {
      const { replies } = chat.services
      const asked = [chat.fork(), viewerNamed(chat.viewerId), this.#reply.messageId] as const
      if ('regenerate' in step) {
        await replies.regenerate(...asked)
        this.#claim = await claim(false)
        this.#shown = this.#versions.push({ id: this.#claim.id, text: '', kept: 0, isWhole: false }) - 1
      } else if ('goOn' in step && !this.#version.isWhole) {
        await replies.continue(...asked)
        this.#version.kept = this.#version.text.length
        await this.#look(1)
        this.#claim = await claim(false)
      } else if ('show' in step && this.#versions[step.show]) {
        await replies.select(...asked, this.#versions[step.show]?.id ?? '')
        this.#shown = step.show
      }
    }
  }

  it('has its text after every look: through takeovers, endings, further versions and going on with any', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (happening) => {
        await chat.say(await chat.converse(), 'Tell me.')
        const story = new Story(await claim(false))
        try {
          for (const step of happening) await story.happen(step)
        } finally {
          await story.end()
        }
      }),
      { numRuns: 25, examples: [[backToTheFirst]] },
    )
  })
})
