import { pino } from 'pino'
import { expect, onTestFinished } from 'vitest'
import type { EventBus } from '../event-bus/event-bus.ts'
import { NatsEventBus } from '../event-bus/nats/nats-event-bus.ts'

/** How long something may take on a busy machine. */
export const LONG = { timeout: 20_000, interval: 20 }

/** One process's bus, with what it logs and how often it said that something may have been missed. */
export function openNatsBus(url: string, options: { serviceSecret?: string; lingerMs?: number } = {}) {
  const written: string[] = []
  const formatters = { level: (level: string) => ({ level }) }
  const logger = pino({ level: 'trace', formatters }, { write: (line: string) => written.push(line) })
  const { serviceSecret } = options
  const bus = new NatsEventBus({ url, logger, serviceSecret, ...options })
  onTestFinished(() => bus[Symbol.asyncDispose]())
  let interruptions = 0
  bus.onInterruption(() => {
    interruptions += 1
  })
  return {
    bus,
    interruptions: () => interruptions,
    text: () => written.join(''),
    levels: () => written.map((line): string => JSON.parse(line).level),
    messages: () => written.map((line): string => JSON.parse(line).msg),
  }
}

type OpenedBus = ReturnType<typeof openNatsBus>

/** Waits until it has told more interruptions than before. */
export const untilInterrupted = ({ interruptions }: OpenedBus, before: number, within = LONG.timeout) =>
  expect.poll(interruptions, { ...LONG, timeout: within }).toBeGreaterThan(before)

/** What arrives on a topic. */
export function listenTo(bus: EventBus, topic: string): unknown[] {
  const heard: unknown[] = []
  bus.subscribe(topic, (payload) => heard.push(payload))
  return heard
}
