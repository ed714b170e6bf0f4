import { SpanKind } from '@opentelemetry/api'
import { inSpan } from '../../../../platform/tracing/spans.ts'
import type { ModelDescription } from './model-description.ts'
import type { ModelAnswer, ModelRequest } from './model-request.ts'

/** A call of a model, as far as a trace tells of it: nothing that was said by anybody. */
interface ModelCall {
  /** The configuration's name of the endpoint. */
  readonly endpoint: string
  readonly baseUrl: string
  readonly model: Pick<ModelDescription, 'id'>
  readonly request: Pick<ModelRequest, 'maxOutputTokens' | 'temperature'>
}

/**
 * Calls a model in a span by OpenTelemetry's conventions for generative AI. Its provider is told nothing of the trace: ids of
 * ours are none of their business.
 */
export function inModelCall<Answer extends Pick<ModelAnswer, 'usage' | 'finishReason'>>(
  call: ModelCall,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  return inSpan(
    () => describe(call),
    async (span) => {
      const answer = await ask()
      const { usage, finishReason } = answer
      span?.setAttribute('gen_ai.response.finish_reasons', [finishReason])
      if (usage) {
        span?.setAttribute('gen_ai.usage.input_tokens', usage.inputTokens)
        span?.setAttribute('gen_ai.usage.output_tokens', usage.outputTokens)
      }
      return answer
    },
  )
}

function describe({ endpoint, baseUrl, model, request }: ModelCall) {
  const { hostname, port, protocol } = new URL(baseUrl)
  const { maxOutputTokens, temperature } = request
  return {
    part: 'worker',
    name: `chat ${model.id}`,
    kind: SpanKind.CLIENT,
    attributes: {
      'gen_ai.operation.name': 'chat',
      // What speaks OpenAI's protocol and is not known to be somebody else.
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': model.id,
      'server.address': hostname,
      'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
      'parley.model_endpoint': endpoint,
      ...(maxOutputTokens !== undefined && { 'gen_ai.request.max_tokens': maxOutputTokens }),
      ...(temperature !== undefined && { 'gen_ai.request.temperature': temperature }),
    },
  } as const
}
