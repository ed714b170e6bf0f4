import { Counter } from 'prom-client'
import { type Metrics, observe } from '../metrics.ts'
import type { BusTraffic, DropReason } from './bus-traffic.ts'
import type { EventBus } from './event-bus.ts'

const REASONS: readonly DropReason[] = ['disconnected', 'backlog', 'refused', 'foreign']

/** Tells what a process's end of the bus carries; services that share a bus tell the same. Nothing of one that counts nothing. */
export function observeEventBus(metrics: Metrics, { traffic }: EventBus): void {
  if (!traffic) return
  observe(metrics, {
    name: 'parley_bus_connected',
    help: '1 while the other processes can be heard over the bus, else 0; always 1 for a bus of one process.',
    read: () => Number(traffic.isConnected),
  })
  for (const total of TOTALS) observeTotal(metrics, traffic, total)
}

interface Total {
  readonly name: string
  readonly help: string
  /** The one label, if it has one. */
  readonly label?: string
  /** The values by the label's; by nothing where it has none. */
  read(traffic: BusTraffic): readonly (readonly [value: string, count: number])[]
}

const TOTALS: readonly Total[] = [
  {
    name: 'parley_bus_interruptions_total',
    help: 'How often messages of the bus may have been lost: its connection broke, or this process was too slow for it.',
    read: ({ interruptions }) => [['', interruptions]],
  },
  {
    name: 'parley_bus_messages_total',
    help: 'Messages that were handed to the bus, and those that arrived for somebody who listens in this process.',
    label: 'direction',
    read: ({ published, received }) => [
      ['published', published],
      ['received', received],
    ],
  },
  {
    name: 'parley_bus_messages_dropped_total',
    help:
      'Messages that were not handed to the bus (it was disconnected, had a backlog, or refused them), and foreign ones ' +
      'that arrived and were not written by this graph.',
    label: 'reason',
    read: ({ dropped }) => REASONS.map((reason) => [reason, dropped[reason]]),
  },
]

/** A total that is counted elsewhere, and looked up when somebody asks for it. */
function observeTotal(metrics: Metrics, traffic: BusTraffic, { name, help, label, read }: Total): void {
  new Counter({
    name,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [metrics],
    collect() {
      this.reset()
      for (const [value, count] of read(traffic)) this.inc(label === undefined ? {} : { [label]: value }, count)
    },
  })
}
