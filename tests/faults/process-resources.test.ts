import { expect, it } from 'vitest'
import { checkResources, type Resources } from './process-resources.ts'

const base: Resources = {
  process: 'gateway-1',
  resident: 200,
  heap: 40,
  descriptors: 40,
  gauges: { parley_gateway_sockets: 2, parley_gateway_subscriptions: 3 },
}
const found = (change: Partial<Resources>) =>
  checkResources([base], [{ ...base, ...change }], 0).map(({ what }) => what)

it('A process may end up with less than it had, and a little more.', () => {
  expect(
    found({ resident: 390, heap: 45, descriptors: 52, gauges: { ...base.gauges, parley_gateway_sockets: 1 } }),
  ).toEqual([])
})

it('One socket or stream more than before is a breach of I7, and so are many descriptors and much memory.', () => {
  expect(found({ gauges: { ...base.gauges, parley_gateway_sockets: 3 } })).toEqual([
    'gateway-1: parley_gateway_sockets is 3 and was 2',
  ])
  expect(found({ gauges: { ...base.gauges, parley_subgraph_streams: 1 } })).toEqual([
    'gateway-1: parley_subgraph_streams is 1 and was undefined',
  ])
  expect(found({ descriptors: 53 })).toEqual(['gateway-1: 53 descriptors are open and were 40'])
  expect(found({ heap: 47 })).toEqual(['gateway-1: heap memory is 47 MB and was 40 MB'])
  expect(found({ resident: 400 })).toEqual(['gateway-1: resident memory is 400 MB and was 200 MB'])
})
