import { setTimeout as delay } from 'node:timers/promises'
import type { Breach } from './breach.ts'
import { check, checkJudged, type Verdict } from './checker.ts'
import { ConversationFeed } from './conversation-feed.ts'
import { Crowd } from './crowd.ts'
import type { Fault } from './faults.ts'
import type { FinalState } from './history.ts'
import { Recorder } from './recorder.ts'
import { Rig } from './rig.ts'
import type { SeededRandom } from './seeded-random.ts'
import { countUnfinishedReplies, readHeads, readStored } from './stored-conversations.ts'
import { Talk } from './talk.ts'

/** Longer than I1 allows, so that what comes too late is seen to come. */
const CATCH_UP_MS = 15_000
const LOOK_EVERY_MS = 50
const FOLLOW_EVERY_MS = 250
/** Between two faults: so short that they follow one another closely, and longer than any delivery may take. */
const CALM_MS = { short: 1_000, long: 11_000 } as const
const REPLIES_MS = 30_000

/** One fault, from its beginning to where the next one begins. */
export interface Phase {
  readonly name: string
  readonly from: number
  readonly to: number
  /** From the heal until everybody had what was there at the heal; undefined when that took too long. */
  readonly caughtUpAfterMs: number | undefined
}

export interface RunOptions {
  /** Receives logs. */
  readonly folder: string
  /** Decides what is done to whom; of its own, so that the load's chances do not change what it decides. */
  readonly random: SeededRandom
  /** Decides what the crowd does. */
  readonly loadRandom: SeededRandom
  readonly people: number
  readonly messagesPerSecond: number
  /** Where to keep the history as JSON lines too. */
  readonly historyPath?: string
}

/** A rig with a crowd in it that talks, to which things are done, and which is judged at the end. */
export class Run implements AsyncDisposable {
  readonly rig: Rig
  readonly crowd: Crowd
  readonly recorder: Recorder
  readonly phases: Phase[] = []
  readonly #random: SeededRandom
  readonly #talk: Talk
  readonly #following: NodeJS.Timeout

  private constructor(rig: Rig, crowd: Crowd, recorder: Recorder, options: RunOptions) {
    this.rig = rig
    this.crowd = crowd
    this.recorder = recorder
    this.#random = options.random
    const { loadRandom, messagesPerSecond } = options
    this.#talk = new Talk({ crowd, recorder, random: loadRandom, messagesPerSecond })
    this.#following = setInterval(() => crowd.followAll(), FOLLOW_EVERY_MS)
  }

  /** Starts the processes, gathers the crowd and lets it talk, once everybody follows. */
  static async begin(options: RunOptions): Promise<Run> {
    const { loadRandom: random, folder, people, historyPath } = options
    const recorder = new Recorder(historyPath)
    const onCrash = (process: string, how: string) => recorder.note({ kind: 'crash', process, how })
    const rig = await Rig.start({ folder, random, onCrash })
    try {
      const crowd = await Crowd.gather({ url: rig.url, people, random, recorder })
      const run = new Run(rig, crowd, recorder, options)
      crowd.followAll()
      await run.#catchUp()
      run.#talk.begin()
      return run
    } catch (error) {
      await rig[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Lets a fault happen, heal, and be caught up with. What was late is only seen where the calm after it is long. */
  async suffer(fault: Fault, calm: keyof typeof CALM_MS): Promise<Phase> {
    const from = performance.now()
    this.recorder.note({ kind: 'fault', name: fault.name })
    await fault.run({ rig: this.rig, crowd: this.crowd, recorder: this.recorder, random: this.#random })
    this.recorder.note({ kind: 'heal', name: fault.name })
    const caughtUpAfterMs = await this.#catchUp()
    await delay(CALM_MS[calm])
    const phase = { name: fault.name, from, to: performance.now(), caughtUpAfterMs }
    this.phases.push(phase)
    return phase
  }

  /** Lets the crowd finish what it says and waits until everybody has it. They still follow, and say nothing more. */
  async quieten(): Promise<void> {
    await this.#talk.end()
    await this.#untilRepliesEnd()
    await this.#catchUp()
  }

  /** Says what must not have happened, once the crowd is quiet. */
  async judge(): Promise<Verdict> {
    await this.quieten()
    clearInterval(this.#following)
    const states = await this.#readStates()
    const conversations = await readStored(this.rig.postgres.url, this.#conversationIds)
    const history = { entries: this.recorder.entries, conversations, states }
    const verdict = check(history)
    return { ...verdict, breaches: [...verdict.breaches, ...checkJudged(history, verdict), ...this.#checkCatchUps()] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#following)
    await this.crowd[Symbol.asyncDispose]()
    await this.rig[Symbol.asyncDispose]()
  }

  /** I1 again, for who was looked at while it happened. */
  #checkCatchUps(): Breach[] {
    return this.phases.flatMap(({ name, to, caughtUpAfterMs }) =>
      caughtUpAfterMs === undefined
        ? [{ invariant: 'I1', at: to, what: `after ${name} not everybody had everything within ${CATCH_UP_MS} ms` }]
        : [],
    )
  }

  get #conversationIds(): string[] {
    return [...this.crowd.rooms, this.crowd.assistantRoom].map(({ id }) => id)
  }

  /** How long it takes until everybody who may read has what is there now; undefined when that takes too long. */
  async #catchUp(): Promise<number | undefined> {
    const begun = performance.now()
    const heads = await readHeads(this.rig.postgres.url, this.#conversationIds)
    while (performance.now() - begun < CATCH_UP_MS) {
      const isBehind = this.crowd.present.some(({ client, conversation, feed, position }) => {
        const head = heads.get(conversation)?.[feed.stream] ?? 0
        return !client.isFrozen && (position?.seq ?? -1) < head
      })
      if (!isBehind) return performance.now() - begun
      await delay(LOOK_EVERY_MS)
    }
    return undefined
  }

  async #untilRepliesEnd(): Promise<void> {
    const deadline = performance.now() + REPLIES_MS
    while ((await countUnfinishedReplies(this.rig.postgres.url)) > 0) {
      if (performance.now() > deadline) {
        this.recorder.note({ kind: 'note', text: 'replies were still unfinished at the end' })
        return
      }
      await delay(LOOK_EVERY_MS)
    }
  }

  #readStates(): Promise<FinalState[]> {
    return Promise.all(
      this.crowd.present.flatMap(({ id, feed }) =>
        feed instanceof ConversationFeed
          ? [feed.readAnew().then((readAnew) => ({ follower: id, fromEvents: feed.shown, readAnew }))]
          : [],
      ),
    )
  }
}
