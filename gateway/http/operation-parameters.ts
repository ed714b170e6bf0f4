import type { FastifyRequest } from 'fastify'
import type { SubscribePayload } from 'graphql-ws'
import { BadUserInputError } from '../../platform/errors.ts'

type Fields = Record<string, unknown>

/**
 * What a request asks for: the parameters of GraphQL over HTTP (§5.1), in the URL of a GET and the JSON of a POST.
 *
 * @throws BadUserInputError that names the parameter at fault.
 */
export function operationParameters(request: FastifyRequest): SubscribePayload {
  const { query, operationName, variables, extensions } =
    request.method === 'POST' ? fieldsOfBody(request.body) : fieldsOfUrl(request.url)
  if (!isAbsent(query) && typeof query !== 'string') throw wrong('query', 'a string')
  if (!isAbsent(operationName) && typeof operationName !== 'string') throw wrong('operationName', 'a string')
  if (!isAbsent(variables) && !isObject(variables)) throw wrong('variables', 'an object')
  if (!isAbsent(extensions) && !isObject(extensions)) throw wrong('extensions', 'an object')
  if (!query && !(isObject(extensions) && extensions.persistedQuery))
    throw new BadUserInputError('Send a non-empty `query`: a GraphQL document.')
  return {
    query: query ?? '',
    ...(operationName && { operationName }),
    ...(variables && { variables }),
    ...(extensions && { extensions }),
  }
}

function fieldsOfUrl(url: string): Fields {
  // No client sends one (RFC 9112 §3.2.1), and not all readers of URLs agree where the query then ends.
  if (url.includes('#')) throw new BadUserInputError('A request has no fragment: write `#` as %23.')
  const { variables, extensions, ...fields }: Fields = Object.fromEntries(new URL(url, 'http://localhost').searchParams)
  return { ...fields, variables: jsonOf('variables', variables), extensions: jsonOf('extensions', extensions) }
}

function fieldsOfBody(body: unknown): Fields {
  if (Array.isArray(body)) throw new BadUserInputError('Batches are not accepted: send one operation a request.')
  if (!isObject(body))
    throw new BadUserInputError('Send the operation as a JSON object, with content-type application/json.')
  return body
}

function jsonOf(name: string, text: unknown): unknown {
  if (typeof text !== 'string' || text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(name, 'valid JSON')
  }
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(name: string, expected: string): BadUserInputError {
  return new BadUserInputError(`The parameter \`${name}\` must be ${expected}.`)
}
