import type { Row } from './panel.ts'
import { inRange, perSecond, quantile, series, share, top } from './promql.ts'

/** The codes of errors that are our fault: what the objective of availability counts. */
export const FAULTS = 'code=~"INTERNAL_SERVER_ERROR|SUBGRAPH_UNAVAILABLE"'
/** Streams are as long as their readers like, and introspection is for developers. */
export const ANSWERED = 'type=~"query|mutation"'

/** Counts operations at the gateway. */
export const OPERATIONS = 'parley_gateway_operations_total'
/** Measures them. */
export const DURATION = 'parley_gateway_operation_duration_seconds'

/** What clients ask of the gateway. */
export const operations: Row = {
  title: 'Operations at the gateway',
  panels: [
    {
      title: 'Operations by type',
      description: 'Per second, on every transport. A subscription counts when it is opened.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond(OPERATIONS, { by: ['type'] }), legend: '{{type}}' }],
    },
    {
      title: 'Operations by root field',
      description:
        'The ten most asked root fields of the schema, per second. "several" asks for more than one, "unknown" was refused before its fields were known.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: top(10, perSecond(OPERATIONS, { by: ['type', 'field'] })), legend: '{{type}} {{field}}' }],
    },
    {
      title: 'Errors by code',
      description:
        'Operations whose first error has this code, per second. INTERNAL_SERVER_ERROR and SUBGRAPH_UNAVAILABLE are our faults, OVERLOADED and DRAINING a gateway that is full or stops; the others are what callers did.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond(OPERATIONS, { by: ['code'], where: 'code!="OK"' }), legend: '{{code}}' }],
    },
    {
      title: 'Duration of queries and mutations',
      description: 'From the arrival of the request to its answer. The dashed lines are where the alerts begin.',
      unit: 's',
      queries: [0.5, 0.95, 0.99].map((q) => ({
        expr: quantile(q, DURATION, { where: ANSWERED }),
        legend: `p${q * 100}`,
      })),
      limits: { warning: 0.5, critical: 1 },
    },
    {
      title: 'Slowest root fields',
      description:
        'The 95th percentile of the ten slowest root fields. Signing in and up hash a password and are slow on purpose.',
      unit: 's',
      queries: [
        {
          expr: top(10, quantile(0.95, DURATION, { by: ['type', 'field'], where: ANSWERED })),
          legend: '{{type}} {{field}}',
        },
      ],
    },
    {
      title: 'Failing root fields',
      description: 'Which root fields fail with which code, in the time shown; the ten most frequent.',
      kind: 'table',
      unit: 'short',
      decimals: 0,
      queries: [{ expr: top(10, inRange(OPERATIONS, { by: ['field', 'code'], where: 'code!="OK"' })), legend: '' }],
    },
    {
      title: 'Refusals by reason',
      description: 'What a limit of the gateway has turned away, per second: docs/security.md lists the limits.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: top(8, perSecond('parley_gateway_refusals_total', { by: ['reason'] })), legend: '{{reason}}' }],
    },
    {
      title: 'Plans and documents from the caches',
      description:
        'The share of operations whose query plan and parsed document were there already. Low for long: clients write values into their documents instead of variables.',
      unit: 'percentunit',
      queries: [
        { expr: share('parley_gateway_plan_cache_requests_total', 'result="hit"'), legend: 'plans' },
        { expr: share('parley_gateway_document_cache_requests_total', 'result="hit"'), legend: 'documents' },
      ],
    },
    {
      title: 'Planning',
      description: 'How long making a new query plan takes.',
      unit: 's',
      width: 4,
      queries: [0.5, 0.95].map((q) => ({
        expr: quantile(q, 'parley_gateway_planning_duration_seconds'),
        legend: `p${q * 100}`,
      })),
    },
    {
      title: 'Plans kept',
      description: 'Query plans in the cache of each gateway; the least recently used ones make room.',
      unit: 'short',
      width: 4,
      queries: [{ expr: series('parley_gateway_plan_cache_entries'), legend: '{{instance}}' }],
    },
  ],
}

/** What the gateway asks of the subgraphs. */
export const subgraphs: Row = {
  title: 'Subgraphs',
  panels: [
    {
      title: 'Fetches of the gateway',
      description: 'Requests of gateways to subgraphs, per second, by what became of them.',
      kind: 'stacked',
      unit: 'reqps',
      queries: [
        {
          expr: perSecond('parley_gateway_subgraph_requests_total', { by: ['subgraph', 'result'] }),
          legend: '{{subgraph}} {{result}}',
        },
      ],
    },
    {
      title: 'Fetches that failed',
      description: 'The share of fetches that got no answer or not in time. Its fields are null for clients.',
      unit: 'percentunit',
      queries: [
        {
          expr: share('parley_gateway_subgraph_requests_total', 'result=~"unavailable|timeout"', ['subgraph']),
          legend: '{{subgraph}}',
        },
      ],
      limits: { warning: 0.01, critical: 0.05 },
    },
    {
      title: 'Duration of fetches',
      description: 'As gateways see it: the network and the subgraph.',
      unit: 's',
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, 'parley_gateway_subgraph_request_duration_seconds', { by: ['subgraph'] }),
        legend: `{{subgraph}} p${q * 100}`,
      })),
    },
    {
      title: 'Operations of the subgraphs',
      description: 'The ten most asked root fields, per second. `_entities` completes objects of another subgraph.',
      kind: 'stacked',
      unit: 'ops',
      queries: [
        {
          expr: top(10, perSecond('parley_subgraph_operations_total', { by: ['job', 'type', 'field'] })),
          legend: '{{job}} {{type}} {{field}}',
        },
      ],
    },
    {
      title: 'Errors of the subgraphs by code',
      description: 'Operations of auth and chat whose first error has this code, per second.',
      kind: 'stacked',
      unit: 'ops',
      queries: [
        {
          expr: perSecond('parley_subgraph_operations_total', { by: ['job', 'code'], where: 'code!="OK"' }),
          legend: '{{job}} {{code}}',
        },
      ],
    },
    {
      title: 'Duration in the subgraphs',
      description: 'As auth and chat see it, without the network.',
      unit: 's',
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, 'parley_subgraph_operation_duration_seconds', { by: ['job'], where: ANSWERED }),
        legend: `{{job}} p${q * 100}`,
      })),
    },
  ],
}
