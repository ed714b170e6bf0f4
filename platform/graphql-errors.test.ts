import { GraphQLError, type GraphQLFormattedError, parse } from 'graphql'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import {
  ApplicationError,
  BadUserInputError,
  ForbiddenError,
  NotFoundError,
  RateLimitedError,
  SubgraphUnavailableError,
  TOP_LEVEL_CODES,
  UnauthenticatedError,
} from './errors.ts'
import { asGraphQLError, toWireError } from './graphql-errors.ts'

/** Turns an error into what is sent, and collects what is logged meanwhile. */
function send(error: unknown): { sent: GraphQLFormattedError; logged: string } {
  const logged: string[] = []
  const logger = pino({}, { write: (line: string) => void logged.push(line) })
  return { sent: toWireError(error, 'request-1', logger), logged: logged.join('') }
}

const MASKED = 'Something went wrong on our side; quote the requestId when you report it.'

describe('an expected failure', () => {
  it.each<[error: ApplicationError, code: string]>([
    [new UnauthenticatedError(), 'UNAUTHENTICATED'],
    [new ForbiddenError('You may not.'), 'FORBIDDEN'],
    [new NotFoundError('conversation'), 'NOT_FOUND'],
    [new BadUserInputError('Say less.'), 'BAD_USER_INPUT'],
    [new RateLimitedError('Wait.'), 'RATE_LIMITED'],
    [new SubgraphUnavailableError('auth'), 'SUBGRAPH_UNAVAILABLE'],
    [new ApplicationError('OPERATION_TOO_EXPENSIVE', 'Too much.'), 'OPERATION_TOO_EXPENSIVE'],
  ])('is sent in its own words: %s', (error, code) => {
    const { sent, logged } = send(error)
    expect(sent).toEqual({ message: error.message, extensions: { code, requestId: 'request-1' } })
    expect(logged).toBe('')
  })

  it('keeps the place in the answer where it happened', () => {
    const error = new GraphQLError('wrapped', { originalError: new NotFoundError('user'), path: ['users', 0] })
    expect(send(error).sent).toMatchObject({ path: ['users', 0], extensions: { code: 'NOT_FOUND' } })
  })

  it('keeps its words when another service could not be reached, and the log says why', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:4001'), { code: 'ECONNREFUSED' })
    const error = new SubgraphUnavailableError('auth', { cause })
    const { sent, logged } = send(error)
    expect(sent).toMatchObject({ message: error.message, extensions: { code: 'SUBGRAPH_UNAVAILABLE' } })
    expect(logged).toContain('another service does not answer')
    expect(logged).not.toContain('the database')
  })

  it('that only another process can have thrown is known by its code', () => {
    const received = { message: 'No such user.', path: ['user'], extensions: { code: 'NOT_FOUND', stack: 'secret' } }
    expect(send(received).sent).toEqual({
      message: 'No such user.',
      path: ['user'],
      extensions: { code: 'NOT_FOUND', requestId: 'request-1' },
    })
  })

  it.each(TOP_LEVEL_CODES)('may have the code %s, and it is sent as it is', (code) => {
    expect(send(new GraphQLError('x', { extensions: { code } })).sent.extensions?.code).toBe(code)
  })
})

describe('a request that is wrong', () => {
  it('in its syntax is BAD_USER_INPUT, with the place in the document', () => {
    const error = asGraphQLError(thrownBy(() => parse('{ me {')))
    expect(send(error).sent).toMatchObject({
      message: 'Syntax Error: Expected Name, found <EOF>.',
      locations: [{ line: 1, column: 7 }],
      extensions: { code: 'BAD_USER_INPUT' },
    })
  })

  it.each(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'OPERATION_RESOLUTION_FAILURE', 'BAD_REQUEST'])(
    'by the servers’ own code %s is BAD_USER_INPUT',
    (code) => {
      expect(send(new GraphQLError('x', { extensions: { code } })).sent.extensions?.code).toBe('BAD_USER_INPUT')
    },
  )
})

describe('everything else', () => {
  const secret = 'connect ECONNREFUSED 10.0.0.7:5432, password hunter22'

  it.each<[what: string, error: unknown]>([
    ['an error of ours', new TypeError(secret)],
    ['an error in a resolver', new GraphQLError(secret, { originalError: new TypeError(secret), path: ['me'] })],
    ['an error without an original, in a resolver', new GraphQLError(secret, { path: ['me'] })],
    ['an error with a code that nobody knows', new GraphQLError(secret, { extensions: { code: 'P0001' } })],
    ['a text', secret],
    ['an error of another process', { message: secret, extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } }],
  ])('is masked and logged: %s', (_what, error) => {
    const { sent, logged } = send(error)
    expect(sent.message).toBe(MASKED)
    expect(sent.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId: 'request-1' })
    expect(JSON.stringify(sent)).not.toContain('10.0.0.7')
    expect(logged).toContain('request-1')
    expect(logged).toContain('ECONNREFUSED')
  })
})

describe('a thrown value', () => {
  it('becomes a GraphQL error that remembers it', () => {
    const thrown = new TypeError('ours')
    expect(asGraphQLError(thrown).originalError).toBe(thrown)
    expect(asGraphQLError('text').message).toBe('text')
    const already = new GraphQLError('x')
    expect(asGraphQLError(already)).toBe(already)
  })
})

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}
