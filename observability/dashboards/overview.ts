import type { Dashboard } from './dashboard.ts'
import { ANSWERED, DURATION, FAULTS, OPERATIONS, operations, subgraphs } from './overview-operations.ts'
import { accounts, database, processes } from './overview-processes.ts'
import type { Row } from './panel.ts'
import { perSecond, quantile, series, share, total } from './promql.ts'

const now: Row = {
  title: 'Now',
  panels: [
    {
      title: 'Processes that answer',
      description: 'How many processes of each role Prometheus can read. None of a role is an outage of it.',
      kind: 'number',
      unit: 'none',
      queries: [{ expr: total('up', { by: ['job'] }), legend: '{{job}}' }],
      limits: { warning: 1, critical: 0.5, lowIsBad: true },
      width: 6,
    },
    {
      title: 'Operations',
      description: 'GraphQL operations that gateways have answered or opened, per second.',
      kind: 'number',
      unit: 'ops',
      queries: [{ expr: perSecond(OPERATIONS), legend: 'operations' }],
      width: 4,
    },
    {
      title: 'Our faults',
      description:
        'The share of operations that failed through our fault (INTERNAL_SERVER_ERROR, SUBGRAPH_UNAVAILABLE). The objective is at most 0.1 %.',
      kind: 'number',
      unit: 'percentunit',
      queries: [{ expr: share(OPERATIONS, FAULTS), legend: 'faults' }],
      limits: { warning: 0.001, critical: 0.0144 },
      width: 4,
    },
    {
      title: '99th percentile',
      description: 'Ninety-nine of a hundred queries and mutations took no longer than this at the gateway.',
      kind: 'number',
      unit: 's',
      queries: [{ expr: quantile(0.99, DURATION, { where: ANSWERED }), legend: 'p99' }],
      limits: { warning: 0.5, critical: 1 },
      width: 4,
    },
    {
      title: 'Firing alerts',
      description: 'How many alerts of Parley fire now. docs/runbook.md says what to do about each.',
      kind: 'number',
      unit: 'none',
      queries: [{ expr: 'count(ALERTS{alertname=~"Parley.*",alertstate="firing"}) or vector(0)', legend: 'firing' }],
      limits: { warning: 1, critical: 2 },
      width: 3,
    },
    {
      title: 'Versions that run',
      description: 'How many versions run. During a deploy there are two; two for longer mean that it did not finish.',
      kind: 'number',
      unit: 'none',
      queries: [{ expr: `count(count by (version) (${series('parley_build_info')}))`, legend: 'versions' }],
      limits: { warning: 2, critical: 3 },
      width: 3,
    },
  ],
}

/** How the whole does: rate, errors and duration of operations, and what they rest on. */
export const overview: Dashboard = {
  name: 'overview',
  title: 'Parley: overview',
  description: 'Rate, errors and duration of operations, and what they rest on.',
  rows: [now, operations, subgraphs, accounts, database, processes],
}
