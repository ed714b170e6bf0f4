import { expect, it } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import type { People } from '../conversation/people.ts'
import { peopleNamedIn } from './mentioned-people.ts'

it('asks for more names than one call takes at the same time', async () => {
  const ids = new Map(Array.from({ length: 150 }, (_, index) => [`person${index}`, newUuid()]))
  const asked: number[] = []
  const bothAsked = Promise.withResolvers<void>()
  const people: People = {
    existing: async () => new Set(),
    async named(names) {
      asked.push(names.length)
      if (asked.length === 2) bothAsked.resolve()
      await bothAsked.promise
      return new Map([...ids].filter(([name]) => names.includes(name)))
    },
  }
  const mentions = [...ids.keys()].map((name) => [`${name}.`, name])

  expect(await peopleNamedIn(people, mentions.slice(0, 100))).toEqual([...ids.values()].slice(0, 100))
  expect(asked).toEqual([100, 100])
})
