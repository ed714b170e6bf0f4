import { CloseCode, MessageType, type Server, stringifyMessage } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Logger } from '../../platform/logging.ts'

/** The payload of a ping or a pong of graphql-transport-ws. */
export type PingPayload = Record<string, unknown> | undefined

/** How one socket is served. */
export interface ProtocolOptions<Extra> {
  readonly server: Server<Extra>
  /** What the server's handlers are told beside each message. */
  readonly extra: Extra
  /** The payload of the pong to a ping. Never rejects. */
  answerPing(payload: PingPayload): Promise<PingPayload>
  /** A client that leaves a ping (RFC 6455 §5.5.2) unanswered for as long again is taken for gone. */
  readonly pingIntervalMs: number
  readonly logger: Logger
}

/**
 * Serves graphql-transport-ws on one socket. It stands in for graphql-ws's own adapter to `ws`, which answers a ping
 * with the ping's own payload, and prints what goes wrong.
 */
export function serveProtocol<Extra>(socket: WebSocket, options: ProtocolOptions<Extra>): void {
  const { server, extra, answerPing, pingIntervalMs, logger } = options
  // A client makes as many errors as it likes, with oversized frames say; `ws` closes the socket by itself.
  socket.on('error', (err) => logger.debug({ err }, 'socket error'))
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: (data) => send(socket, data),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) =>
        socket.on('message', (data) => {
          handle(String(data)).catch((err: unknown) => giveUp(socket, err, logger))
        }),
      onPing: async (ping) => {
        const payload = await answerPing(ping ?? undefined)
        await send(socket, stringifyMessage({ type: MessageType.Pong, ...(payload && { payload }) }))
      },
    },
    extra,
  )
  socket.once('close', (code, reason) => {
    closed(code, String(reason)).catch((err: unknown) => logger.error({ err }, 'a socket could not be cleaned up'))
  })
  terminateWhenSilent(socket, pingIntervalMs)
}

function send(socket: WebSocket, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) resolve()
    else socket.send(data, (error) => (error ? reject(error) : resolve()))
  })
}

/** A message could not be handled: our fault, unless the client has left meanwhile. */
function giveUp(socket: WebSocket, err: unknown, logger: Logger): void {
  logger[socket.readyState === socket.OPEN ? 'error' : 'debug']({ err }, 'a message on a socket could not be handled')
  socket.close(CloseCode.InternalServerError, 'Internal server error')
}

function terminateWhenSilent(socket: WebSocket, intervalMs: number): void {
  let hasAnswered = true
  socket.on('pong', () => {
    hasAnswered = true
  })
  const pinging = setInterval(() => {
    if (!hasAnswered) socket.terminate()
    hasAnswered = false
    socket.ping()
  }, intervalMs)
  socket.once('close', () => clearInterval(pinging))
}
