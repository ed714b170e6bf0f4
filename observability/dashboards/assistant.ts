import type { Dashboard } from './dashboard.ts'
import type { Row } from './panel.ts'
import { inRange, largest, perSecond, quantile, series, share, total } from './promql.ts'

const REPLIES = 'parley_assistant_replies_total'
const FIRST_TOKEN = 'parley_assistant_time_to_first_token_seconds'
const REQUESTS = 'parley_assistant_provider_requests_total'

const now: Row = {
  title: 'Now',
  panels: [
    {
      title: 'Being written',
      description: 'Replies that workers are writing.',
      kind: 'number',
      unit: 'none',
      queries: [{ expr: total('parley_assistant_replies_running'), legend: 'running' }],
      width: 4,
    },
    {
      title: 'Waiting',
      description:
        'Replies that no worker has taken yet. Every process counts the same rows, so this is the largest count.',
      kind: 'number',
      unit: 'none',
      queries: [{ expr: largest('parley_assistant_replies_waiting'), legend: 'waiting' }],
      limits: { warning: 20, critical: 100 },
      width: 4,
    },
    {
      title: 'Waiting since',
      description:
        'How long the oldest reply has waited for a worker. More than half a minute: there are no workers, or too few.',
      kind: 'number',
      unit: 's',
      queries: [{ expr: largest('parley_assistant_oldest_waiting_seconds'), legend: 'oldest' }],
      limits: { warning: 5, critical: 30 },
      width: 4,
    },
    {
      title: 'First words after',
      description: 'The 95th percentile from asking to the first committed words.',
      kind: 'number',
      unit: 's',
      queries: [{ expr: quantile(0.95, FIRST_TOKEN), legend: 'p95' }],
      limits: { warning: 5, critical: 10 },
      width: 4,
    },
    {
      title: 'Failed replies',
      description: 'The share of ended replies that are FAILED, whatever the reason.',
      kind: 'number',
      unit: 'percentunit',
      queries: [{ expr: share(REPLIES, 'status="FAILED"'), legend: 'failed' }],
      limits: { warning: 0.02, critical: 0.1 },
      width: 4,
    },
    {
      title: 'Tokens in the time shown',
      description: 'Read and written, as providers count them.',
      kind: 'number',
      unit: 'short',
      decimals: 0,
      queries: [{ expr: inRange('parley_assistant_tokens_total', { by: ['direction'] }), legend: '{{direction}}' }],
      width: 4,
    },
  ],
}

const replies: Row = {
  title: 'Replies',
  panels: [
    {
      title: 'Ended replies',
      description: 'Per second, by how they ended.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond(REPLIES, { by: ['status'] }), legend: '{{status}}' }],
    },
    {
      title: 'Failures by code',
      description: 'Replies that failed, per second, by the code that people see.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond(REPLIES, { by: ['code'], where: 'code!="NONE"' }), legend: '{{code}}' }],
    },
    {
      title: 'Running and waiting',
      description: 'Replies that are being written, and those that no worker has taken yet.',
      unit: 'short',
      queries: [
        { expr: total('parley_assistant_replies_running', { by: ['job'] }), legend: 'running in {{job}}' },
        { expr: largest('parley_assistant_replies_waiting'), legend: 'waiting' },
      ],
    },
    {
      title: 'Time to the first words',
      description:
        'From a reply’s being asked for to its first committed words, by model: waiting, moderation and the provider.',
      unit: 's',
      queries: [0.5, 0.95].map((q) => ({
        expr: quantile(q, FIRST_TOKEN, { by: ['model'] }),
        legend: `{{model}} p${q * 100}`,
      })),
      limits: { warning: 5, critical: 10 },
    },
    {
      title: 'Duration of replies',
      description: 'From a worker’s taking a reply to its end, by model. It follows the length of what is said.',
      unit: 's',
      queries: [0.5, 0.95].map((q) => ({
        expr: quantile(q, 'parley_assistant_reply_duration_seconds', { by: ['model'] }),
        legend: `{{model}} p${q * 100}`,
      })),
    },
    {
      title: 'Oldest waiting',
      description: 'How long the oldest reply has waited for a worker.',
      unit: 's',
      queries: [{ expr: largest('parley_assistant_oldest_waiting_seconds'), legend: 'oldest' }],
      limits: { warning: 5, critical: 30 },
    },
    {
      title: 'Lease take-overs',
      description:
        'Replies that another worker took over because the lease of the first ran out, in a quarter of an hour: a worker died or hung.',
      unit: 'none',
      queries: [
        {
          expr: `sum(increase(${series('parley_assistant_lease_takeovers_total')}[15m]))`,
          legend: 'take-overs',
        },
      ],
      limits: { warning: 1, critical: 3 },
    },
    {
      title: 'Committing pieces',
      description: 'How long a flush of gathered pieces takes. Each is one statement for all replies of a process.',
      unit: 's',
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, 'parley_assistant_flush_duration_seconds'),
        legend: `p${q * 100}`,
      })),
      limits: { warning: 0.05, critical: 0.25 },
    },
  ],
}

const providers: Row = {
  title: 'Models and providers',
  panels: [
    {
      title: 'Tokens',
      description: 'Per second, by model and direction.',
      kind: 'stacked',
      unit: 'none',
      queries: [
        {
          expr: perSecond('parley_assistant_tokens_total', { by: ['model', 'direction'] }),
          legend: '{{model}} {{direction}}',
        },
      ],
    },
    {
      title: 'Requests to providers',
      description: 'Per second, by endpoint and what became of them.',
      kind: 'stacked',
      unit: 'reqps',
      queries: [{ expr: perSecond(REQUESTS, { by: ['endpoint', 'result'] }), legend: '{{endpoint}} {{result}}' }],
    },
    {
      title: 'Requests that failed',
      description:
        'The share of requests that the endpoint failed, by endpoint. An endpoint that fails is asked last for half a minute.',
      unit: 'percentunit',
      queries: [{ expr: share(REQUESTS, 'result!~"ok|refused|cancelled"', ['endpoint']), legend: '{{endpoint}}' }],
      limits: { warning: 0.05, critical: 0.2 },
    },
    {
      title: 'Tokens by model in the time shown',
      description: 'What each model has read and written: what it costs.',
      kind: 'table',
      unit: 'short',
      decimals: 0,
      queries: [{ expr: inRange('parley_assistant_tokens_total', { by: ['model', 'direction'] }), legend: '' }],
    },
  ],
}

/** How the assistant answers: how soon, how well, and what the models cost. */
export const assistant: Dashboard = {
  name: 'assistant',
  title: 'Parley: assistant',
  description: 'How soon and how well the assistant answers, and what the models cost.',
  rows: [now, replies, providers],
}
