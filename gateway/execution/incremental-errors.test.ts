import { GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import { DeferredErrors } from './incremental-errors.ts'

type Path = (string | number)[]

const at = (...path: Path) => new GraphQLError(path.join('.'), { path })
const nowhere = new Error('without a path')

function expecting(...paths: Path[]): DeferredErrors {
  const errors = new DeferredErrors()
  for (const path of paths) errors.expect(path)
  return errors
}

describe('errors of an answer in pieces', () => {
  it('go with the part that has their field, or null on the way there', () => {
    const errors = expecting(['me'], ['list', 1])
    const [here, below, inPart, inList] = [at('you'), at('them', 0, 'name'), at('me', 'late'), at('list', 1, 'late')]
    errors.add([here, below, inPart, inList])
    expect(errors.takeForFirst({ you: null, them: null, me: { id: 1 }, list: [{}, {}] })).toEqual([here, below])
    expect(errors.takeFor({ path: ['list', 1], data: { late: null } })).toEqual([inList])
    expect(errors.takeFor({ path: ['me'], data: { late: null } })).toEqual([inPart])
  })

  it('wait for the part of one object that has their field', () => {
    const errors = expecting(['me'], ['me'])
    const error = at('me', 'second')
    errors.add([error])
    expect(errors.takeForFirst({ me: {} })).toEqual([])
    expect(errors.takeFor({ path: ['me'], data: { first: 1 } })).toEqual([])
    expect(errors.takeFor({ path: ['me'], data: { second: null } })).toEqual([error])
  })

  it('are told once, however many parts one fetch was for', () => {
    const errors = expecting(['list', 0], ['list', 1])
    const work = { errors: [nowhere] }
    for (const expected of [[nowhere], []]) {
      errors.addOnce(work)
      expect(errors.takeFor({ path: ['list', 0], data: {} })).toEqual(expected)
    }
  })

  it('go with the last part when no other one has their field', () => {
    const errors = expecting(['me'], ['you'])
    const error = at('me', 'required', 'elsewhere')
    errors.add([error])
    expect(errors.takeForFirst({ me: {}, you: {} })).toEqual([])
    expect(errors.takeFor({ path: ['me'], data: { late: 1 } })).toEqual([error])
    expect(errors.takeFor({ path: ['you'], data: {} })).toEqual([])
  })
})
