import { createLogger } from '../../../../../platform/logging.ts'
import { openAll } from '../../../../../platform/resources.ts'
import { type ScriptedModel, startScriptedModel } from '../../../../../tests/support/scripted-model.ts'
import type { Conversation } from '../../../conversation/conversation.entity.ts'
import { ConversationChanges } from '../../../conversation/conversation-change.ts'
import { type ChatFixture, openChatFixture } from '../../../testing/chat-fixture.ts'
import { OpenAiModel } from '../../model/openai-model.ts'
import { Prompts } from '../../prompt/prompt.ts'
import { KnownNames } from '../../prompt/testing/known-names.ts'
import type { Ledger } from '../../usage/ledger.ts'
import { planTasks } from '../plan-tasks.ts'
import { TaskWorker, type TaskWorkerOptions } from '../task-worker.ts'

/** A task as it stands in the database. */
export interface StoredTask {
  readonly kind: string
  readonly attempts: number
  /** Free for any worker; held by one; put off for up to half a minute after a failure, or to tomorrow; given up for now. */
  readonly state: 'free' | 'held' | 'put off' | 'tomorrow' | 'rests'
}

/** Chat without a worker for replies, with one for tasks when a test opens one, before a model that a test scripts. */
export interface TaskDesk extends AsyncDisposable {
  readonly chat: ChatFixture
  readonly scripted: ScriptedModel
  readonly people: KnownNames
  readonly prompts: Prompts
  /** @param ledger the chat's when not given. */
  openWorker(ledger?: Ledger, options?: Pick<TaskWorkerOptions, 'longestAnswerMs'>): TaskWorker
  /** Says this as the viewer, has it answered with that, and plans what follows; returns whether there is something. */
  answered(conversation: Conversation, question: string, answer: string): Promise<boolean>
  tasksOf(conversation: Conversation): Promise<StoredTask[]>
  titleOf(conversation: Conversation): Promise<string | null>
  summaryOf(conversation: Conversation): Promise<{ since: number; upTo: number; body: string } | null>
  /** What the viewer's titles and summaries have cost, as the ledger has it. */
  booked(): Promise<{ inputTokens: number; outputTokens: number } | null>
}

/** @param contextTokens of the prompts. */
export function openTaskDesk(contextTokens: number): Promise<TaskDesk> {
  return openAll(async (resources) => {
    const chat = resources.use(await openChatFixture())
    const scripted = resources.use(await startScriptedModel())
    const { fork, bus, models, ledger } = chat
    const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
    const people = new KnownNames()
    const prompts = new Prompts({ models, contextTokens, people })
    const endpoints = [{ name: 'scripted', baseUrl: scripted.baseUrl, apiKey: undefined }]
    const model = new OpenAiModel({ endpoints, models, idleTimeoutMs: 5_000, retryDelayMs: 1, logger })
    const changes = new ConversationChanges({ bus })
    return {
      ...{ chat, scripted, people, prompts },
      openWorker: (other, options) =>
        new TaskWorker({ fork, bus, changes, model, prompts, ledger: other ?? ledger, logger, ...options }),
      answered: (conversation, question, answer) => answered(chat, prompts, { conversation, question, answer }),
      tasksOf: (conversation) => read(chat, TASKS, conversation),
      titleOf: async (conversation) =>
        (await read<{ title: string | null }>(chat, TITLE, conversation))[0]?.title ?? null,
      summaryOf: async (conversation) =>
        (await read<{ since: number; upTo: number; body: string }>(chat, SUMMARY, conversation))[0] ?? null,
      booked: async () =>
        (await read<{ inputTokens: number; outputTokens: number }>(chat, BOOKED, { id: chat.viewerId }))[0] ?? null,
    }
  })
}

const TASKS = `
  SELECT kind, attempts, CASE
    WHEN coalesce(lease_until < now(), true) THEN 'free'
    WHEN lease_until = date_trunc('day', lease_until, 'UTC') THEN 'tomorrow'
    WHEN lease_until < now() + interval '30 seconds' THEN 'put off'
    WHEN lease_until > now() + interval '50 minutes' THEN 'rests' ELSE 'held' END AS state
  FROM chat.assistant_task WHERE conversation_id = ?`
const TITLE = 'SELECT title FROM chat.conversation WHERE id = ?'
const SUMMARY = 'SELECT since, up_to AS "upTo", body FROM chat.conversation_summary WHERE conversation_id = ?'
const BOOKED = `
  SELECT sum(input_tokens)::integer AS "inputTokens", sum(output_tokens)::integer AS "outputTokens"
  FROM chat.usage_day WHERE user_id = ? HAVING count(*) > 0`

const read = <Row>(chat: ChatFixture, sql: string, { id }: { id: string }) => chat.fork().execute<Row[]>(sql, [id])

async function answered(
  chat: ChatFixture,
  prompts: Prompts,
  said: { conversation: Conversation; question: string; answer: string },
): Promise<boolean> {
  const { reply } = await chat.say(said.conversation, said.question)
  if (!reply) throw new Error('Nobody asked for a reply.')
  const { conversationId, id } = reply
  const prompt = await prompts.build(chat.fork(), reply, { model: 'a-model' })
  return chat.fork().transactional(async (transaction) => {
    const [generation] = await transaction.execute<{ id: string }[]>(
      `UPDATE chat.generation SET status = 'COMPLETED' WHERE conversation_id = ? AND message_id = ? RETURNING id`,
      [conversationId, id],
    )
    await transaction.execute('UPDATE chat.message SET body = ? WHERE id = ?', [said.answer, id])
    return planTasks(transaction, { conversationId, id: generation?.id ?? '' }, prompt)
  })
}
