import type { Dashboard } from './dashboard.ts'
import type { Row } from './panel.ts'
import { perSecond, quantile, series, top, total } from './promql.ts'

const OPERATIONS = 'parley_gateway_operations_total'

const clients: Row = {
  title: 'Clients',
  panels: [
    {
      title: 'Sockets',
      description:
        'Open client sockets of each gateway. LIMIT_SOCKETS is 20,000 unless it was changed; beyond it new ones are refused.',
      unit: 'short',
      queries: [{ expr: series('parley_gateway_sockets'), legend: '{{instance}}' }],
      limits: { warning: 16_000, critical: 20_000 },
    },
    {
      title: 'Subscriptions',
      description:
        'Subscriptions of clients over sockets and HTTP, streams over HTTP, and subscriptions of gateways to subgraphs. All return to zero when clients leave.',
      unit: 'short',
      queries: [
        { expr: total('parley_gateway_subscriptions'), legend: 'of clients' },
        { expr: total('parley_gateway_upstream_subscriptions'), legend: 'to subgraphs' },
        { expr: total('parley_gateway_http_streams'), legend: 'streams over HTTP' },
      ],
    },
    {
      title: 'Closed sockets',
      description:
        'Per second, by close code: 1000 and 1001 are clients that leave, 1012 a gateway that stops, 4290 readers that are too slow, 4403 ended sessions.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond('parley_gateway_socket_closes_total', { by: ['code'] }), legend: '{{code}}' }],
    },
    {
      title: 'Opened subscriptions',
      description: 'Per second, by field.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond(OPERATIONS, { by: ['field'], where: 'type="subscription"' }), legend: '{{field}}' }],
    },
    {
      title: 'Subscriptions that failed',
      description:
        'Refused, or ended with an error, per second. UNAUTHENTICATED are streams whose token ran out or whose session ended.',
      kind: 'stacked',
      unit: 'ops',
      queries: [
        {
          expr: perSecond(OPERATIONS, { by: ['field', 'code'], where: 'type="subscription",code!="OK"' }),
          legend: '{{field}} {{code}}',
        },
      ],
    },
    {
      title: 'Refused connections and streams',
      description: 'Per second, by the limit that was reached.',
      kind: 'stacked',
      unit: 'ops',
      queries: [
        {
          expr: perSecond('parley_gateway_refusals_total', {
            by: ['reason'],
            where:
              'reason=~"sockets|sockets_per_user|connection_rate|subscriptions|operations_per_socket|subscription_lag"',
          }),
          legend: '{{reason}}',
        },
      ],
    },
  ],
}

const events: Row = {
  title: 'Events at the gateway',
  panels: [
    {
      title: 'Events to clients',
      description: 'Events that gateways have handed to clients, per second.',
      unit: 'ops',
      queries: [{ expr: perSecond('parley_gateway_events_total', { by: ['instance'] }), legend: '{{instance}}' }],
    },
    {
      title: 'Completing an event',
      description: 'How long the fields of other subgraphs take for an event, such as the name of an author.',
      unit: 's',
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, 'parley_gateway_event_completion_duration_seconds'),
        legend: `p${q * 100}`,
      })),
    },
    {
      title: 'Upstream reconnections',
      description:
        'How often gateways had to open their connection to a subgraph again, per minute. Each deploy of chat makes some; clients do not notice.',
      unit: 'none',
      queries: [
        {
          expr: `60 * ${perSecond('parley_gateway_upstream_reconnections_total', { by: ['instance'] })}`,
          legend: '{{instance}}',
        },
      ],
    },
  ],
}

const delivery: Row = {
  title: 'Delivery in chat',
  panels: [
    {
      title: 'Messages',
      description: 'Stored messages per second, by who wrote them.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond('parley_chat_messages_total', { by: ['role'] }), legend: '{{role}}' }],
    },
    {
      title: 'Delivery lag',
      description:
        'From the commit of an event to its being handed to the streams of a process. Up to a second without a bus, milliseconds with one.',
      unit: 's',
      queries: [0.5, 0.95, 0.99].map((q) => ({
        expr: quantile(q, 'parley_chat_delivery_lag_seconds'),
        legend: `p${q * 100}`,
      })),
      limits: { warning: 1, critical: 2 },
    },
    {
      title: 'Delivery lag, spread',
      description:
        'How many events arrived how late. A second band at about a second is made of those whose ring was lost.',
      kind: 'heatmap',
      unit: 's',
      queries: [{ expr: perSecond('parley_chat_delivery_lag_seconds_bucket', { by: ['le'] }), legend: '{{le}}' }],
    },
    {
      title: 'Back-fills',
      description:
        'Reads of the event log per second, by why: a stream that joins is normal; many lost or late rings are a bus in trouble.',
      kind: 'stacked',
      unit: 'ops',
      queries: [{ expr: perSecond('parley_chat_backfills_total', { by: ['reason'] }), legend: '{{reason}}' }],
    },
    {
      title: 'Resets',
      description: 'Clients that were told to read anew because their cursor is no longer honoured, per minute.',
      unit: 'none',
      queries: [{ expr: `60 * ${perSecond('parley_chat_resets_total')}`, legend: 'resets' }],
    },
    {
      title: 'Followed conversations',
      description: 'Conversations that somebody follows, their followers, and the streams of the subgraphs.',
      unit: 'short',
      queries: [
        { expr: total('parley_conversation_hubs'), legend: 'conversations' },
        { expr: total('parley_conversation_followers'), legend: 'followers' },
        { expr: total('parley_subgraph_streams', { by: ['job'] }), legend: 'streams of {{job}}' },
      ],
    },
  ],
}

const bus: Row = {
  title: 'Bus and supergraph',
  panels: [
    {
      title: 'Connected to the bus',
      description:
        'Whether each process has its connection. Without one messages take up to a second longer, and typing, read markers and presence do not reach other processes.',
      unit: 'none',
      queries: [{ expr: series('parley_bus_connected'), legend: '{{job}} {{instance}}' }],
      states: { 0: 'disconnected', 1: 'connected' },
    },
    {
      title: 'Interruptions',
      description: 'How often something may have been missed, within a quarter of an hour.',
      unit: 'none',
      queries: [
        {
          expr: `sum by (job) (increase(${series('parley_bus_interruptions_total')}[15m]))`,
          legend: '{{job}}',
        },
      ],
    },
    {
      title: 'Messages on the bus',
      description: 'Per second, by direction.',
      unit: 'ops',
      queries: [
        { expr: perSecond('parley_bus_messages_total', { by: ['job', 'direction'] }), legend: '{{job}} {{direction}}' },
      ],
    },
    {
      title: 'Dropped messages',
      description: 'Per second, by why. Nothing that was promised is lost with them, but each costs a read of the log.',
      kind: 'stacked',
      unit: 'ops',
      queries: [
        {
          expr: top(8, perSecond('parley_bus_messages_dropped_total', { by: ['job', 'reason'] })),
          legend: '{{job}} {{reason}}',
        },
      ],
    },
    {
      title: 'Supergraph',
      description: 'Whether each gateway serves the newest supergraph, or could not take it over.',
      unit: 'none',
      queries: [{ expr: series('parley_gateway_supergraph_last_reload_successful'), legend: '{{instance}}' }],
      states: { 0: 'refused', 1: 'newest' },
    },
  ],
}

/** Who is connected, and how fast what happens reaches them. */
export const realtime: Dashboard = {
  name: 'realtime',
  title: 'Parley: real time',
  description: 'Who is connected, and how fast what happens reaches them.',
  rows: [clients, events, delivery, bus],
}
