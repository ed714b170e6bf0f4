import type { Row } from './panel.ts'
import { largest, perSecond, quantile, series, top, total } from './promql.ts'

/** Who comes in, and what auth does about it. */
export const accounts: Row = {
  title: 'Accounts',
  panels: [
    {
      title: 'Sign-ins',
      description:
        'Per second, by what became of them. Many failures are an attack on accounts, or a client that went wrong.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond('parley_auth_sign_ins_total', { by: ['result'] }), legend: '{{result}}' }],
    },
    {
      title: 'Sign-ups',
      description: 'Per second, by what became of them.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond('parley_auth_sign_ups_total', { by: ['result'] }), legend: '{{result}}' }],
    },
    {
      title: 'Refreshed sessions',
      description: 'Per second, by what became of them. A token that is used twice ends its session.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond('parley_auth_refreshes_total', { by: ['result'] }), legend: '{{result}}' }],
    },
    {
      title: 'Password hashes',
      description: 'How long a hash takes. It is slow on purpose, and slower where many wait for the processors.',
      unit: 's',
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, 'parley_auth_password_hash_duration_seconds'),
        legend: `p${q * 100}`,
      })),
    },
    {
      title: 'Waiting in auth',
      description: 'Password hashes that wait for their turn, and mails that wait to be sent.',
      unit: 'short',
      queries: [
        { expr: total('parley_auth_password_hashes_waiting'), legend: 'hashes' },
        { expr: largest('parley_auth_mails_waiting'), legend: 'mails' },
      ],
    },
    {
      title: 'Mails',
      description: 'Attempts to send a mail, per second. A failed one is tried again.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond('parley_auth_mails_total', { by: ['result'] }), legend: '{{result}}' }],
    },
    {
      title: 'Refusals of rate limits',
      description: 'What was asked too often, per second, by limit.',
      kind: 'stacked',
      unit: 'ops',
      queries: [
        { expr: perSecond('parley_rate_limit_refusals_total', { by: ['job', 'limit'] }), legend: '{{job}} {{limit}}' },
      ],
    },
    {
      title: 'Age of the revocation list',
      description:
        'How long ago a process last read which sessions have ended. While it grows, an ended session stays good until its access token expires.',
      unit: 's',
      queries: [
        {
          expr: largest('parley_revocation_list_age_seconds', { by: ['job', 'instance'] }),
          legend: '{{job}} {{instance}}',
        },
      ],
      limits: { warning: 5, critical: 60 },
    },
  ],
}

/** What everything waits for. */
export const database: Row = {
  title: 'Database',
  panels: [
    {
      title: 'Connections',
      description: 'Connections of the pools, and how many there may be.',
      unit: 'short',
      queries: [
        { expr: total('parley_database_pool_connections', { by: ['job', 'state'] }), legend: '{{job}} {{state}}' },
        { expr: total('parley_database_pool_limit', { by: ['job'] }), legend: '{{job}} limit' },
      ],
    },
    {
      title: 'Waiting for a connection',
      description:
        'Work that waits because all connections of its process are busy. Not zero for long: the database is too slow or the pool too small.',
      unit: 'short',
      queries: [
        { expr: largest('parley_database_pool_waiting', { by: ['job', 'instance'] }), legend: '{{job}} {{instance}}' },
      ],
      limits: { warning: 1, critical: 20 },
    },
    {
      title: 'Duration of statements',
      description: 'From sending a statement to its answer.',
      unit: 's',
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, 'parley_database_statement_duration_seconds', { by: ['job'] }),
        legend: `{{job}} p${q * 100}`,
      })),
    },
    {
      title: 'Statements',
      description: 'Per second, by whether they succeeded.',
      kind: 'stacked',
      unit: 'ops',
      queries: [
        {
          expr: perSecond('parley_database_statement_duration_seconds_count', { by: ['job', 'result'] }),
          legend: '{{job}} {{result}}',
        },
      ],
    },
  ],
}

/** How the processes are. */
export const processes: Row = {
  title: 'Processes',
  panels: [
    {
      title: 'Event-loop lag',
      description: 'The 99th percentile of how late timers are. A process that lags answers everybody late.',
      unit: 's',
      queries: [{ expr: series('nodejs_eventloop_lag_p99_seconds'), legend: '{{job}} {{instance}}' }],
      limits: { warning: 0.1, critical: 0.25 },
    },
    {
      title: 'Processor time',
      description: 'In processors. JavaScript uses one; garbage collection and password hashes use others.',
      unit: 'none',
      queries: [
        {
          expr: perSecond('process_cpu_seconds_total', { by: ['job', 'instance'] }),
          legend: '{{job}} {{instance}}',
        },
      ],
    },
    {
      title: 'Resident memory',
      description: 'What the operating system has given. A line that only rises is a leak.',
      unit: 'bytes',
      queries: [{ expr: series('process_resident_memory_bytes'), legend: '{{job}} {{instance}}' }],
    },
    {
      title: 'JavaScript heap',
      description: 'What is in use of the heap, garbage included.',
      unit: 'bytes',
      queries: [{ expr: series('nodejs_heap_size_used_bytes'), legend: '{{job}} {{instance}}' }],
    },
    {
      title: 'Garbage collection',
      description: 'The share of time in which a process collects garbage.',
      unit: 'percentunit',
      queries: [
        {
          expr: perSecond('nodejs_gc_duration_seconds_sum', { by: ['job', 'instance'] }),
          legend: '{{job}} {{instance}}',
        },
      ],
      limits: { warning: 0.1, critical: 0.25 },
    },
    {
      title: 'Restarts',
      description: 'How often a process has started anew within the hour.',
      unit: 'short',
      queries: [{ expr: `changes(${series('process_start_time_seconds')}[1h])`, legend: '{{job}} {{instance}}' }],
      limits: { warning: 1, critical: 3 },
    },
    {
      title: 'HTTP requests by route',
      description: 'Per second, in all roles, with the probes and the scrapes.',
      kind: 'stacked',
      unit: 'reqps',
      queries: [
        {
          expr: top(12, perSecond('parley_http_requests_total', { by: ['job', 'method', 'route', 'status'] })),
          legend: '{{job}} {{method}} {{route}} {{status}}',
        },
      ],
    },
    {
      title: 'Duration of HTTP requests',
      description: 'The 99th percentile by route. What streams is as long as its reader likes.',
      unit: 's',
      queries: [
        {
          expr: top(12, quantile(0.99, 'parley_http_request_duration_seconds', { by: ['job', 'route'] })),
          legend: '{{job}} {{route}}',
        },
      ],
    },
    {
      title: 'What runs',
      description: 'How many processes of each role run which version.',
      kind: 'table',
      unit: 'none',
      queries: [{ expr: `sum by (role, version) (${series('parley_build_info')})`, legend: '' }],
    },
  ],
}
