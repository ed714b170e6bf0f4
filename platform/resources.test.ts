import { describe, expect, it } from 'vitest'
import { openAll, ResourceGroup } from './resources.ts'

/** Opens resources that note in `log` when they close. */
function tracked(log: string[]) {
  return (name: string, close: () => Promise<void> = async () => {}) => ({
    name,
    async [Symbol.asyncDispose]() {
      log.push(name)
      await close()
    },
  })
}

describe('what was opened', () => {
  it('is closed in the opposite order, once', async () => {
    const log: string[] = []
    const open = tracked(log)
    const running = await openAll(async (resources) => {
      resources.use(open('database'))
      resources.defer(() => log.push('socket'))
      return { url: resources.use(open('server')).name }
    })
    expect([running.url, log]).toEqual(['server', []])
    await running[Symbol.asyncDispose]()
    await running[Symbol.asyncDispose]()
    expect(log).toEqual(['server', 'socket', 'database'])
  })

  it('is closed when a later step fails, whose error goes on', async () => {
    const log: string[] = []
    const failure = new Error('the port is taken')
    const opening = openAll(async (resources) => {
      resources.use(tracked(log)('database'))
      throw failure
    })
    await expect(opening).rejects.toBe(failure)
    expect(log).toEqual(['database'])
  })

  it('is closed though closing another one fails, and the first failure is reported', async () => {
    const log: string[] = []
    const open = tracked(log)
    const fail = (message: string) => () => Promise.reject(new Error(message))
    const running = await openAll(async (resources) => {
      resources.use(open('database'))
      resources.use(open('worker', fail('second')))
      resources.use(open('server', fail('first')))
      return {}
    })
    await expect(running[Symbol.asyncDispose]()).rejects.toThrow('first')
    expect(log).toEqual(['server', 'worker', 'database'])
  })
})

describe('a group', () => {
  it('is closed at one moment, and waits for all, whatever fails', async () => {
    const log: string[] = []
    const open = tracked(log)
    const slow = Promise.withResolvers<void>()
    const group = new ResourceGroup()
    expect(group.use(open('server', () => Promise.reject(new Error('broken')))).name).toBe('server')
    group.use(open('worker', () => slow.promise.then(() => void log.push('the end of the work'))))
    const closed = group[Symbol.asyncDispose]()
    expect(log).toEqual(['server', 'worker'])
    slow.resolve()
    await expect(closed).rejects.toThrow('broken')
    expect(log.at(-1)).toBe('the end of the work')
  })
})
