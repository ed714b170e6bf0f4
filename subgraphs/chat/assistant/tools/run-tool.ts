import { ApplicationError } from '../../../../platform/errors.ts'
import { storableText } from '../../../../platform/storable-text.ts'
import { LONGEST_ARGUMENTS, readArguments } from './call-arguments.ts'
import { type QuotedMessage, type Tool, type ToolContext, ToolFailure } from './tool.ts'
import type { ToolCall } from './tool-call.entity.ts'

/** What came of a call. */
export interface ToolResult {
  readonly status: 'DONE' | 'FAILED'
  /** What the model is told; at most 8,000 UTF-16 code units. */
  readonly result: string
  /** The messages whose words it holds. */
  readonly quotes?: readonly QuotedMessage[]
  /** What went wrong that the model is not told; for the log. */
  readonly error?: unknown
}

/** How long a tool may take, in milliseconds. */
export const LONGEST_RUN_MS = 10_000
const LONGEST_RESULT = 8_000
const REST_IS_CUT = '\n[The rest was cut off.]'

/**
 * Runs a tool, and waits no longer than its time. Whatever goes wrong with it is a result too.
 *
 * @throws the signal's reason when aborted before there is a result: then nobody knows whether it was done.
 */
export async function runTool(
  tool: Tool,
  call: Pick<ToolCall, 'arguments'>,
  { context, longestMs }: { context: ToolContext; longestMs: number },
): Promise<ToolResult> {
  const args = readArguments(call.arguments)
  if (!args) return failed(`The arguments are no JSON object of at most ${LONGEST_ARGUMENTS} characters.`)
  const timeout = AbortSignal.timeout(longestMs)
  const signal = AbortSignal.any([context.signal, timeout])
  try {
    const said = await orAborted(tool.run(args, { ...context, signal }), signal)
    const { text, quotes } = typeof said === 'string' ? { text: said, quotes: [] } : said
    return { status: 'DONE', result: storable(text), quotes }
  } catch (error) {
    context.signal.throwIfAborted()
    if (timeout.aborted) return failed('It took too long and was given up; it may have been done all the same.')
    if (error instanceof ToolFailure || error instanceof ApplicationError) return failed(error.message)
    return { ...failed('It failed.'), error }
  }
}

/** Settles as the promise does, or with the signal's abort, whichever comes first. */
async function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function failed(words: string): ToolResult {
  return { status: 'FAILED', result: storable(words) }
}

/** As Postgres can store it, and no longer than it may be. */
function storable(text: string): string {
  if (text.length <= LONGEST_RESULT) return storableText(text)
  return `${storableText(text.slice(0, LONGEST_RESULT - REST_IS_CUT.length))}${REST_IS_CUT}`
}
