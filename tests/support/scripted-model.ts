import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { ModelAnswer } from './scripted-answer.ts'
import { type WireStyle, wireOf } from './scripted-wire.ts'

/** What the graph asked the model. */
export interface ModelRequest {
  /** Such as `/v1/chat/completions`. */
  readonly path: string
  readonly authorization: string | undefined
  readonly model: string
  /** Of the interface `responses` its input. */
  readonly messages: readonly AskedMessage[]
  readonly temperature?: number
  readonly max_completion_tokens?: number
  readonly max_tokens?: number
  readonly max_output_tokens?: number
  readonly tools?: readonly { readonly function?: { readonly name: string }; readonly name?: string }[]
  readonly stream_options?: { readonly include_usage?: boolean }
}

/** One message of what the model was asked. */
export interface AskedMessage {
  readonly role: string
  readonly content: string
  readonly tool_calls?: readonly {
    readonly id: string
    readonly function: { readonly name: string; readonly arguments: string }
  }[]
  readonly tool_call_id?: string
}

/** What the model does with one request. An answer that is still open when it returns stays open: a stall. */
export type Script = (answer: ModelAnswer, request: ModelRequest) => void | Promise<void>

/** One script for each request, one after the other; those that come after the last are left open. */
export function inTurn(...scripts: Script[]): Script {
  return (answer, request) => scripts.shift()?.(answer, request)
}

/** Says whether a text is bad; undefined when it has answered, or wants to leave it open, itself. */
export type Judge = (judged: string, answer: ModelAnswer) => boolean | undefined

/** What it answers where a conversation is to be named, or summed up. */
export const SCRIPTED_TITLE = 'A scripted title'
export const SCRIPTED_SUMMARY = 'A scripted summary.'

/** An OpenAI-compatible server (streaming, and `POST /moderations`) that does what the test says, byte by byte. */
export interface ScriptedModel extends AsyncDisposable {
  /** For OPENAI_BASE_URL. */
  readonly baseUrl: string
  /** The same server as its maker would have built it; their requests are among the others. */
  baseUrlOf(maker: 'ollama' | 'vllm'): string
  /** Every request so far, in order, but for {@link sideRequests} and {@link judged}. */
  readonly requests: readonly ModelRequest[]
  /** Every request for a title or a summary. */
  readonly sideRequests: readonly ModelRequest[]
  /** Every text that was to be moderated. */
  readonly judged: readonly string[]
  /** What to do with the requests from now on. */
  answerWith(script: Script): void
  /** What to do with requests for titles and summaries from now on, instead of answering them with fixed words. */
  answerSideRequestsWith(script: Script): void
  /** Which texts are bad from now on; none unless said. */
  judgeWith(judge: Judge): void
}

/** Starts it on a free port of this machine. */
export async function startScriptedModel(): Promise<ScriptedModel> {
  let script: Script = (answer) => answer.say('Hello.').finish()
  let sideScript: Script = answerSideRequest
  let judge: Judge = () => false
  const requests: ModelRequest[] = []
  const sideRequests: ModelRequest[] = []
  const judged: string[] = []
  const server = createServer(async (request, response) => {
    const { asked, input } = await readRequest(request)
    const answer = new ModelAnswer(response, wireOf(styleOf(asked.path), asked.stream_options?.include_usage === true))
    if (asked.path.endsWith('/moderations')) {
      judged.push(input)
      const flagged = judge(input, answer)
      if (flagged !== undefined) answer.json({ id: 'modr-1', model: asked.model, results: [{ flagged }] })
      return
    }
    const isAside = subjectOf(asked) !== undefined
    ;(isAside ? sideRequests : requests).push(asked)
    await (isAside ? sideScript : script)(answer, asked)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return {
    baseUrl: `${origin}/v1`,
    baseUrlOf: (maker) => `${origin}/${maker}/v1`,
    ...{ requests, sideRequests, judged },
    answerWith(next) {
      script = next
    },
    answerSideRequestsWith(next) {
      sideScript = next
    },
    judgeWith(next) {
      judge = next
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answerSideRequest(answer: ModelAnswer, asked: ModelRequest): void {
  const words = subjectOf(asked) === 'title' ? SCRIPTED_TITLE : SCRIPTED_SUMMARY
  answer.say(words).finish({ prompt_tokens: 5, completion_tokens: 3 })
}

/** What beside a reply is wanted, if anything: the first words of the request say it. */
function subjectOf({ messages }: ModelRequest): 'title' | 'summary' | undefined {
  const task = messages.find(({ role }) => role === 'system')?.content ?? ''
  if (task.startsWith('Name this conversation')) return 'title'
  return task.startsWith('Sum up this conversation') ? 'summary' : undefined
}

function styleOf(path: string): WireStyle {
  if (path.endsWith('/responses')) return 'responses'
  const maker = path.split('/')[1]
  return maker === 'ollama' || maker === 'vllm' ? maker : 'openai'
}

async function readRequest(request: IncomingMessage): Promise<{ asked: ModelRequest; input: string }> {
  const body = JSON.parse(await text(request))
  const messages = body.messages ?? (Array.isArray(body.input) ? body.input : [])
  const asked = { path: request.url ?? '', authorization: request.headers.authorization, ...body, messages }
  return { asked, input: [body.input ?? ''].flat().join('\n') }
}
