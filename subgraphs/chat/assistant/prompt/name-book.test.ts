import { describe, expect, it } from 'vitest'
import { NameBook } from './name-book.ts'
import { KnownNames } from './testing/known-names.ts'

const ada = { username: 'ada', displayName: 'Ada' }

function open() {
  const directory = new KnownNames()
  directory.names.set('1', ada)
  const clock = { now: 0 }
  return { directory, clock, book: new NameBook({ directory, now: () => clock.now }) }
}

describe('names of people', () => {
  it('are asked for once a minute', async () => {
    const { directory, clock, book } = open()
    expect(await book.namesOf(['1', '2'])).toEqual(
      new Map([
        ['1', ada],
        ['2', null],
      ]),
    )
    clock.now = 59_999
    await book.namesOf(['2', '1'])
    expect(directory.asked).toBe(1)

    directory.names.set('1', { ...ada, displayName: 'Lovelace' })
    clock.now = 60_000
    expect((await book.namesOf(['1'])).get('1')?.displayName).toBe('Lovelace')
  })

  it('are left out while auth is away, which is asked again five seconds later only', async () => {
    const { directory, clock, book } = open()
    directory.isAway = true
    expect(await book.namesOf(['1'])).toEqual(new Map())
    directory.isAway = false
    clock.now = 4_999
    expect(await book.namesOf(['1'])).toEqual(new Map())
    expect(directory.asked).toBe(1)
    clock.now = 5_000
    expect(await book.namesOf(['1'])).toEqual(new Map([['1', ada]]))
  })

  it('stay what they were while auth is away', async () => {
    const { directory, clock, book } = open()
    await book.namesOf(['1'])
    directory.isAway = true
    clock.now = 600_000
    expect(await book.namesOf(['1'])).toEqual(new Map([['1', ada]]))
  })

  it('are asked for a hundred at a time', async () => {
    const { book } = open()
    const many = Array.from({ length: 150 }, (_, index) => String(index))
    expect((await book.namesOf(many)).size).toBe(100)
    expect((await book.namesOf(many)).size).toBe(150)
  })
})
