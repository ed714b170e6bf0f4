import { describe, expect, it } from 'vitest'
import { acceptedMedia } from './accepted-media.ts'

const typesOf = (accept: string) => acceptedMedia(accept).map(({ type }) => type)

describe('what a client accepts', () => {
  it('is told in the order that it was written in, or of the weights that it was given', () => {
    expect(typesOf('application/json, text/event-stream')).toEqual(['application/json', 'text/event-stream'])
    expect(typesOf('application/json;q=0.5, Text/Event-Stream, */*;q=0.1')).toEqual([
      'text/event-stream',
      'application/json',
      '*/*',
    ])
  })

  it('leaves out what has no weight', () => {
    expect(typesOf('text/event-stream;q=0, */*;q=0.01')).toEqual(['*/*'])
  })

  it('has parameters, in quotes or not, which may contain what separates others', () => {
    const [media] = acceptedMedia('multipart/mixed; Boundary="a,b;c"; subscriptionSpec="1.0", application/json')
    expect(media).toMatchObject({
      type: 'multipart/mixed',
      parameters: { boundary: 'a,b;c', subscriptionspec: '1.0' },
    })
  })

  it('may be nothing', () => {
    expect(typesOf('')).toEqual([''])
    expect(acceptedMedia(undefined)).toEqual(acceptedMedia(''))
  })

  it('is read in no time though it be written to take long', () => {
    expect(acceptedMedia(`${'"'.repeat(16_000)},;`.repeat(4))).toBeDefined()
    expect(acceptedMedia(';,'.repeat(16_000))).toBeDefined()
  })
})
