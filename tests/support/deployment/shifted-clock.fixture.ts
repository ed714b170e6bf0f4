import { openSync, readSync } from 'node:fs'

/**
 * Loaded into a process before its program: what `Date` says there is what a test wants the time to be. The file that
 * TEST_CLOCK names is a TestClock's.
 */
const file = openSync(process.env.TEST_CLOCK ?? '', 'r')
const numbers = new Float64Array(2)
const bytes = new Uint8Array(numbers.buffer)
const machineNow = Date.now

function now(): number {
  readSync(file, bytes, 0, bytes.length, 0)
  const [aheadMs = 0, standsAtMs = 0] = numbers
  return (standsAtMs || machineNow()) + aheadMs
}

const MachineDate = Date
globalThis.Date = new Proxy(MachineDate, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: () => new Date().toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
})
// What is a date is asked by its constructor too.
MachineDate.prototype.constructor = Date
