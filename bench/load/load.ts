import { setTimeout as delay } from 'node:timers/promises'
import { openAll } from '../../platform/resources.ts'
import { enter } from './accounts.ts'
import { DeliveryChecker, type DeliveryVerdict } from './delivery-checker.ts'
import type { LoadUser } from './load-user.ts'
import { Measurements } from './measurements.ts'
import type { LoadOptions } from './options.ts'
import { closeRooms, openRooms, type Room } from './rooms.ts'
import { scheduleOf } from './schedule.ts'
import { Talk } from './talk.ts'

const MILLISECONDS_A_MINUTE = 60_000
/** How long what is under way at the end may take to arrive. */
const SETTLE_MS = 30_000
const LOOK_EVERY_MS = 50
const PROGRESS_EVERY_MS = 1_000
/** The share of requests that may fail. */
const MOST_FAILED = 0.01

/** What a run needs beside its options. */
export interface LoadRun extends Pick<LoadOptions, 'users' | 'minutes' | 'rate' | 'replies' | 'seed'> {
  /** The gateway's origin. */
  readonly origin: string
  /** Where accounts are kept from run to run; undefined: they are made anew. */
  readonly accounts?: string | undefined
  /** Once it is aborted nothing new is begun, and what has come is judged. */
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** Is called every second while there is load. */
  readonly onProgress?: (progress: Progress) => void
}

/** How it goes. */
export interface Progress {
  readonly measurements: Measurements
  readonly inFlight: number
}

/** What came of a run. */
export interface LoadResult {
  readonly measurements: Measurements
  readonly verdict: DeliveryVerdict
  readonly rooms: number
  readonly followers: number
  /** How long there was load, in seconds. */
  readonly seconds: number
  readonly unfinishedReplies: number
  /** Whether nothing was lost or told wrong, and at most one request in a hundred failed. */
  readonly isGood: boolean
}

/**
 * Loads a graph: people sign in, follow their groups, and do things at times that were drawn beforehand, whether or not the
 * graph keeps up with them. At the end it is judged what everybody was told.
 *
 * @throws Error when the load cannot be begun.
 */
export async function runLoad(run: LoadRun): Promise<LoadResult> {
  await using scene = await openAll(async (resources) => {
    run.say(`${run.users} users sign in`)
    const users = await enter({ ...run, count: run.users, file: run.accounts })
    for (const user of users) resources.use(user)
    if (users.length < run.users || run.signal.aborted) throw new Error('It was stopped before there was any load.')
    const rooms = await openRooms(users)
    resources.defer(() => closeRooms(rooms))
    run.say(`they follow ${rooms.length} groups`)
    return { users, rooms }
  })
  return await loadScene(run, scene)
}

async function loadScene(run: LoadRun, { users, rooms }: { users: readonly LoadUser[]; rooms: readonly Room[] }) {
  const checker = new DeliveryChecker()
  const lengthMs = run.minutes * MILLISECONDS_A_MINUTE
  const measurements = new Measurements(lengthMs)
  const talk = new Talk({ checker, measurements, replyShare: run.replies })
  await talk.follow(rooms)
  measurements.begin()
  const progress = setInterval(() => run.onProgress?.({ measurements, inFlight: talk.inFlight }), PROGRESS_EVERY_MS)
  await act(run, { users, talk, startedAt: measurements.startedAt, lengthMs })
  clearInterval(progress)
  const seconds = (performance.now() - measurements.startedAt) / 1_000
  await settle(talk)
  const verdict = checker.judge()
  const unfinishedReplies = talk.unfinishedReplies()
  talk.end()
  const followers = rooms.reduce((sum, { members }) => sum + members.length, 0)
  const isGood = isAsPromised(verdict) && failedShare(measurements) <= MOST_FAILED
  return { measurements, verdict, rooms: rooms.length, followers, seconds, unfinishedReplies, isGood }
}

/** Begins each thing when it is due, and waits for none. */
async function act(
  { users: count, rate, seed, signal }: LoadRun,
  given: { users: readonly LoadUser[]; talk: Talk; startedAt: number; lengthMs: number },
): Promise<void> {
  for (const arrival of scheduleOf({ users: count, messagesPerSecond: rate, seed })) {
    const dueAt = given.startedAt + Math.min(arrival.afterMs, given.lengthMs)
    const waitMs = dueAt - performance.now()
    if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted || arrival.afterMs >= given.lengthMs) return
    const user = given.users[arrival.user]
    if (user) void given.talk.act(user, arrival, dueAt)
  }
}

async function settle(talk: Talk): Promise<void> {
  const deadline = performance.now() + SETTLE_MS
  while (!talk.isSettled() && performance.now() < deadline) await delay(LOOK_EVERY_MS)
}

/** Whether every message came to everybody once and in order. */
export function isAsPromised({ lost, doubled, disordered, contradicted }: DeliveryVerdict): boolean {
  return lost + doubled + disordered + contradicted === 0
}

function failedShare(measurements: Measurements): number {
  const { succeeded, failed } = measurements.totals()
  return failed / Math.max(1, succeeded + failed)
}
