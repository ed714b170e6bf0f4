/** What `fan-out.ts` compares with: a server that does nothing but send each text it is told to every socket. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })

process.on('disconnect', () => process.exit(0))
process.on('message', async ({ text }: { text?: string }) => {
  if (server.address() === null) await once(server, 'listening')
  if (text !== undefined) for (const socket of server.clients) socket.send(text)
  process.send?.({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
