import { buildSchema } from 'graphql'
import { describe, expect, it } from 'vitest'
import { OperationDocuments } from './operation-documents.ts'

const schema = buildSchema('type Query { unused: Int } type Subscription { tick(room: String): String }')

describe('documents', () => {
  it('are parsed and validated once', () => {
    const documents = new OperationDocuments(schema)
    const first = documents.read('subscription { tick }')
    expect(first).toMatchObject({ document: { kind: 'Document' } })
    expect(documents.read('subscription { tick }')).toBe(first)
    expect(documents.read('subscription { tick  }')).not.toBe(first)
  })

  it('are forgotten when many others were used since', () => {
    const documents = new OperationDocuments(schema)
    const read = (room: string) => documents.read(`subscription { tick(room: "${room}") }`)
    const [used, unused] = [read('used'), read('unused')]
    for (let count = 0; count < 20; count += 1) {
      read(`${count} ${'x'.repeat(40_000)}`)
      expect(read('used')).toBe(used)
    }
    expect(read('unused')).not.toBe(unused)
  })

  it('may have as many tokens as over HTTP, which are more than a client may write', () => {
    const documents = new OperationDocuments(schema)
    const fields = (count: number) =>
      `{ ${Array.from({ length: count }, (_, index) => `f${index}: unused`).join(' ')} }`
    expect(documents.read(fields(6_600))).toMatchObject({ document: { kind: 'Document' } })
    expect(() => documents.read(fields(6_700))).toThrow('20000')
  })

  it('that are wrong say why, each time, and also those on which graphql’s own rules fail', () => {
    const documents = new OperationDocuments(schema)
    for (let count = 0; count < 2; count += 1) {
      expect(documents.read('subscription { tock }')).toMatchObject([{ message: expect.stringContaining('tock') }])
      const malformed = documents.read('subscription ($s: Boolean!) { tick @skip(if: $s) }')
      expect(malformed).toMatchObject([{ message: 'The operation is malformed.' }])
      expect(() => documents.read('subscription {')).toThrow('Syntax Error')
    }
  })
})
