import type { GraphQLFormattedError } from 'graphql'
import { MessageType, type SubscribePayload } from 'graphql-ws'
import { isError } from '../execution/subgraph-response.ts'

/** A frame that a subgraph sends, as far as it concerns us. A payload that goes on to a client stays text. */
export type UpstreamFrame =
  | { readonly type: 'ack' | 'pong' | 'other' }
  | { readonly type: 'ping'; readonly payload: unknown }
  | { readonly type: 'next'; readonly id: string; readonly payload: string }
  | { readonly type: 'error'; readonly id: string; readonly errors: readonly GraphQLFormattedError[] }
  | { readonly type: 'complete'; readonly id: string }

const ID = '{"id":"'
const NEXT = '","type":"next","payload":'

/**
 * Cuts the payload out of a `next` frame as graphql-ws and our subgraphs write it, without parsing it: what is cut out of
 * a frame that only begins like one is not JSON.
 *
 * @returns undefined for every other frame, which is to be parsed.
 */
export function cutNextFrame(text: string): UpstreamFrame | undefined {
  if (!text.startsWith(ID) || !text.endsWith('}')) return undefined
  const idEnd = text.indexOf('"', ID.length)
  if (idEnd < 0 || !text.startsWith(NEXT, idEnd)) return undefined
  return { type: 'next', id: text.slice(ID.length, idEnd), payload: text.slice(idEnd + NEXT.length, -1) }
}

/**
 * Reads any frame of graphql-transport-ws.
 *
 * @throws SyntaxError when it is not one.
 */
export function parseFrame(text: string): UpstreamFrame {
  const frame: unknown = JSON.parse(text)
  if (typeof frame !== 'object' || frame === null) throw new SyntaxError('A frame must be a JSON object.')
  const { type, id, payload } = frame as { type?: unknown; id?: unknown; payload?: unknown }
  if (type === MessageType.ConnectionAck) return { type: 'ack' }
  if (type === MessageType.Ping) return { type, payload }
  if (type === MessageType.Pong) return { type }
  if (typeof id !== 'string') return { type: 'other' }
  if (type === MessageType.Next) return { type, id, payload: JSON.stringify(payload ?? null) }
  if (type === MessageType.Error) return { type, id, errors: Array.isArray(payload) ? payload.filter(isError) : [] }
  return type === MessageType.Complete ? { type, id } : { type: 'other' }
}

export const INIT_FRAME = JSON.stringify({ type: MessageType.ConnectionInit })

export function subscribeFrame(id: string, payload: SubscribePayload): string {
  return JSON.stringify({ id, type: MessageType.Subscribe, payload })
}

export function completeFrame(id: string): string {
  return JSON.stringify({ id, type: MessageType.Complete })
}

export function pingFrame(payload?: object): string {
  return JSON.stringify({ type: MessageType.Ping, ...(payload && { payload }) })
}

export function pongFrame(payload: unknown): string {
  return JSON.stringify({ type: MessageType.Pong, ...(payload !== undefined && { payload }) })
}
