import { type Audit, serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

let toy: ToyGateway
beforeAll(async () => {
  toy = await startToyGateway()
})
afterAll(() => toy[Symbol.asyncDispose]())

const A_PAGE_MAY_HAVE_SENT_IT =
  'A GET runs when it carries a header that makes browsers ask first, such as apollo-require-preflight.'
const WRONG_REQUESTS_ARE_400 =
  'What cannot run is 400 under every media type, as Apollo Server has it, so that monitoring and proxies see it.'

/** What the specification allows and we do not do, by the ids of its audits. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  '5A70': A_PAGE_MAY_HAVE_SENT_IT,
  D6D5: A_PAGE_MAY_HAVE_SENT_IT,
  '6A70': A_PAGE_MAY_HAVE_SENT_IT,
  '572B': WRONG_REQUESTS_ARE_400,
  FDE2: WRONG_REQUESTS_ARE_400,
  '7B9B': WRONG_REQUESTS_ARE_400,
}

const AUDITS = serverAudits({ url: () => toy.url })
const leftOut = AUDITS.filter(({ id }) => id in LEFT_OUT).map((audit) => ({ ...audit, reason: LEFT_OUT[audit.id] }))

/** Why an audit fails; undefined when it passes. */
async function failureOf(audit: Audit): Promise<string | undefined> {
  const { status, ...outcome } = await audit.fn()
  return status === 'ok' ? undefined : `${status}: ${'reason' in outcome ? outcome.reason : ''}`
}

describe('the specification of GraphQL over HTTP', () => {
  it('has all its audits here', () => {
    expect(AUDITS.length).toBeGreaterThanOrEqual(60)
    expect(leftOut.map(({ id }) => id).sort()).toEqual(Object.keys(LEFT_OUT).sort())
    expect(leftOut.filter(({ name }) => name.startsWith('MUST'))).toEqual([])
  })

  it.each(AUDITS.filter(({ id }) => !(id in LEFT_OUT)))('$id: it $name', async (audit) => {
    expect(await failureOf(audit)).toBeUndefined()
  })

  it.each(leftOut)('$id: it $name is left out. $reason', async (audit) => {
    expect(await failureOf(audit)).toMatch(/^(warn|notice): /)
  })
})
