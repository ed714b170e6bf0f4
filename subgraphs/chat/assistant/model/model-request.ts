/** One turn of the talk a model reads. */
export type Turn =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly calls?: readonly RequestedCall[] }
  /** What came of a call. */
  | { readonly role: 'tool'; readonly callId: string; readonly content: string }

/** A tool that the model wants run. */
export interface RequestedCall {
  /** The model's own name of the call. */
  readonly id: string
  /** The tool's. */
  readonly name: string
  /** JSON, as the model wrote it. */
  readonly arguments: string
}

/** A tool as the model is told of it. */
export interface ToolDefinition {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>
}

/** What a model is asked. */
export interface ModelRequest {
  /** One of the catalogue's ids. */
  readonly model: string
  readonly turns: readonly Turn[]
  readonly temperature?: number | undefined
  readonly maxOutputTokens?: number | undefined
  readonly tools?: readonly ToolDefinition[]
  /** Whether the last turn, the assistant's, is to be gone on with instead of answered. */
  readonly continues?: boolean
  /** Whether an answer that is all said without a word, or a call, has failed: nothing was said before it either. */
  readonly needsText?: boolean
}

/** What a call of the model cost, as it says; null when it does not say. */
export type ReportedUsage = { readonly inputTokens: number; readonly outputTokens: number } | null

/** What came of a call beside its text. */
export interface ModelAnswer {
  readonly usage: ReportedUsage
  /** `length`: the text was cut at the longest; `calls`: the model waits for what tools say. */
  readonly finishReason: 'stop' | 'length' | 'calls'
  /** Empty unless `finishReason` is `calls`. */
  readonly calls: readonly RequestedCall[]
  /** The name of the endpoint that answered. */
  readonly endpoint: string
}

/** What writes replies, titles and summaries. */
export interface LanguageModel {
  /**
   * Asks, and hands on the text piece by piece; a slow `onText` slows the model down.
   *
   * @throws GenerationError; the signal's reason when aborted; whatever `onText` throws.
   */
  reply(
    request: ModelRequest,
    options: { signal: AbortSignal; onText: (text: string) => Promise<void> },
  ): Promise<ModelAnswer>
}
