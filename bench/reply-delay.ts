/**
 * Measures what Parley adds to a model's own stream: replies that grow at twenty pieces a second, each watched by three
 * through the gateway, in turn with the same replies read straight from the model with the openai SDK. Every piece
 * carries the moment at which it left the model. Prints, for 100 replies at a time and for 500, the delay of a piece until
 * a reader has it and the time from asking to the first piece; fails when a reader misses a piece or gets it twice, and
 * when at 100 replies Parley adds more than 50 ms at the median or 100 ms at p99, or 20 ms to the first piece at the
 * median, asked for one at a time.
 *
 *   npm run bench:reply-delay -- --replies 100 --seconds 10
 *
 * Everything, the readers and the model included, runs on this machine: with 500 replies it is likely to be the machine
 * that is measured.
 */
import { parseArgs } from 'node:util'
import { Resources } from '../platform/resources.ts'
import { judge, print, quantile } from './measurement.ts'
import { type Program, startProgram } from './processes.ts'
import type { ModelQuestion } from './reply-delay-model.ts'
import { openReplyScene, type ReplyScene } from './reply-delay-scene.ts'
import type { Readings, ReadQuestion } from './reply-delay-watchers.ts'

const MOST = { delayP50: 50, delayP99: 100, firstP50: 20 }
const PIECES_A_SECOND = 20
/** Code that was never run is slow, on every side. */
const WARM_UP_SECONDS = 8
const ALONE = 40

const { values } = parseArgs({
  options: {
    replies: { type: 'string', default: '100,500' },
    seconds: { type: 'string', default: '15' },
    watchers: { type: 'string', default: '3' },
    profile: { type: 'string' },
  },
})
const counts = values.replies.split(',').map(Number)
const seconds = Number(values.seconds)
const pieces = Math.round(seconds * PIECES_A_SECOND)
const watchers = Number(values.watchers)

const resources = new Resources()
try {
  const model = startProgram(resources, 'bench/reply-delay-model.ts')
  const speak = (manner: ModelQuestion) => model.ask<{ url: string }>(manner)
  const { url: modelUrl } = await speak({ pieces: 1, everyMs: 1 })
  const scene = await openReplyScene(resources, { modelUrl, readers: Math.max(...counts), profile: values.profile })
  const clients = startProgram(resources, 'bench/reply-delay-watchers.ts')
  const sides = { direct: modelUrl, scene, clients }

  const speakFor = (seconds: number) => speak({ pieces: seconds * PIECES_A_SECOND, everyMs: 1_000 / PIECES_A_SECOND })
  await speakFor(WARM_UP_SECONDS)
  await readBoth({ ...sides, replies: Math.min(100, ...counts) })
  await speakFor(0)
  await judgeFirsts(sides)
  await speakFor(seconds)
  for (const [place, replies] of counts.entries()) await judgeDelays({ ...sides, replies, isJudged: place === 0 })
} finally {
  await resources[Symbol.asyncDispose]()
}

interface Sides {
  readonly direct: string
  readonly scene: ReplyScene
  readonly clients: Program
}

async function readBoth({ direct, scene, clients, replies }: Sides & { replies: number }) {
  const readers = scene.readers.slice(0, replies)
  const ask = (question: ReadQuestion) => clients.ask<Readings>(question)
  const straight = await ask({ kind: 'direct', url: direct, replies })
  const cpuBefore = await scene.cpuMs()
  const through = await ask({ kind: 'graph', url: scene.url, readers, watchers })
  const cpuAfter = await scene.cpuMs()
  return {
    straight,
    through,
    cpuMs: cpuAfter.map(({ name, ms }, place) => ({ name, ms: ms - (cpuBefore[place]?.ms ?? 0) })),
  }
}

/** One reply at a time, so that nothing waits for another one. */
async function judgeFirsts(sides: Sides): Promise<void> {
  const firsts = { straight: [] as number[], through: [] as number[] }
  for (let asked = 0; asked < ALONE; asked += 1) {
    const { straight, through } = await readBoth({ ...sides, replies: 1 })
    firsts.straight.push(...straight.firsts)
    firsts.through.push(Math.min(...through.firsts))
  }
  print(`\nOne reply at a time, from asking to the first piece (${ALONE} times)`)
  print(`  straight from the model  ${describe(firsts.straight)}`)
  print(`  through Parley           ${describe(firsts.through)}`)
  const added = quantile(firsts.through, 0.5) - quantile(firsts.straight, 0.5)
  judge('added to the first piece, p50 in ms', added, { atMost: MOST.firstP50 })
}

async function judgeDelays({ replies, isJudged, ...sides }: Sides & { replies: number; isJudged: boolean }) {
  const { straight, through, cpuMs } = await readBoth({ ...sides, replies })
  const missing = through.pieces.filter((got) => got !== pieces)
  if (missing.length > 0) throw new Error(`Of ${pieces} pieces some readers got ${missing.slice(0, 10).join(', ')}.`)
  print(
    `\n${replies} replies at a time, ${PIECES_A_SECOND} pieces a second, each watched by ${watchers}: delay of a piece`,
  )
  print(`  straight from the model  ${describe(straight.delays)}`)
  print(`  through Parley           ${describe(through.delays)} (every piece once and in order)`)
  const perPiece = cpuMs.map(({ name, ms }) => `${name} ${((ms * 1_000) / (replies * pieces)).toFixed(0)} µs`)
  print(`  CPU for each piece of a reply, with its ${watchers} watchers: ${perPiece.join(', ')}`)
  for (const [share, most] of [
    [0.5, MOST.delayP50],
    [0.99, MOST.delayP99],
  ] as const) {
    const added = quantile(through.delays, share) - quantile(straight.delays, share)
    const what = `added to a piece at ${replies} replies, p${share * 100} in ms`
    if (isJudged) judge(what, added, { atMost: most })
    else print(`${what}: ${added.toFixed(1)}`)
  }
}

function describe(times: readonly number[]): string {
  const figures = { p50: quantile(times, 0.5), p99: quantile(times, 0.99), worst: quantile(times, 1) }
  return Object.entries(figures)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`)
    .join(', ')
}
