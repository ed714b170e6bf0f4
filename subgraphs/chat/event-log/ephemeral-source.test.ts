import { describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { type EphemeralSource, EphemeralSources } from './ephemeral-source.ts'

/** A source that gives what it was told to, and fails where that is an error. */
function sourceOf(...answers: (string | Error)[]): EphemeralSource<string> {
  const answer = async () => {
    const next = answers.shift()
    if (next instanceof Error) throw next
    return next === undefined ? [] : [next]
  }
  return {
    open: () => () => undefined,
    join: async () => undefined,
    before: answer,
    drain: answer,
    isLive: () => false,
  }
}

const HERE = { epoch: newUuid(), seq: 0 }

describe('several sources as one', () => {
  it('give what each has, in their order', async () => {
    const sources = new EphemeralSources([sourceOf('text'), sourceOf('marker')])
    expect(await sources.drain(HERE)).toEqual(['text', 'marker'])
    expect(await sources.drain(HERE)).toEqual([])
  })

  it('lose nothing that one gave before another failed', async () => {
    const sources = new EphemeralSources([sourceOf('first', 'second'), sourceOf(new Error('no database'), 'marker')])
    await expect(sources.drain(HERE)).rejects.toThrow('no database')
    expect(await sources.drain(HERE)).toEqual(['first', 'second', 'marker'])
  })

  it('close all of them, and are live when one is', () => {
    const closings = [vi.fn(), vi.fn()]
    const sources = new EphemeralSources(closings.map((close) => ({ ...sourceOf(), open: () => close })))
    sources.open(() => undefined)()
    for (const close of closings) expect(close).toHaveBeenCalledOnce()
    expect(sources.isLive()).toBe(false)
    expect(new EphemeralSources([sourceOf(), { ...sourceOf(), isLive: () => true }]).isLive()).toBe(true)
  })
})
