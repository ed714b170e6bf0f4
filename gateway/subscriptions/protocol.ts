import { randomBytes } from 'node:crypto'
import { CloseCode, MessageType, type Server, stringifyMessage } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Logger } from '../../platform/logging.ts'

/**
 * In bytes. A client that leaves more than this unread is not read from, so that it asks for nothing more. What it has
 * asked for is still sent: the answers of operations that run, and of each subscription one event at a time.
 */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024

/** The payload of a ping or a pong of graphql-transport-ws. */
export type PingPayload = Record<string, unknown> | undefined

/** How one socket is served. */
export interface ProtocolOptions<Extra> {
  readonly server: Server<Extra>
  /** What the server's handlers are told beside each message. */
  readonly extra: Extra
  /** The payload of the pong to a ping. Never rejects. */
  answerPing(payload: PingPayload): Promise<PingPayload>
  /**
   * A client that leaves a ping (RFC 6455 §5.5.2) unanswered for as long again is taken for gone, and so is one that is
   * held back and does not catch up.
   */
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
  const grantTime = terminateWhenSilent(socket, pingIntervalMs)
  const send = heldBackSend(socket, grantTime)
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send,
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) =>
        socket.on('message', (data) => {
          handle(String(data)).catch((err: unknown) => giveUp(socket, err, logger))
        }),
      onPing: async (ping) => {
        const payload = await answerPing(ping ?? undefined)
        await send(stringifyMessage({ type: MessageType.Pong, ...(payload && { payload }) }))
      },
    },
    extra,
  )
  socket.once('close', (code, reason) => {
    closed(code, String(reason)).catch((err: unknown) => logger.error({ err }, 'a socket could not be cleaned up'))
  })
}

/**
 * Sends, and stops reading from the client while too much waits to be sent.
 *
 * @param onTurn called when that begins and when it ends: meanwhile the client's pongs go unread.
 */
function heldBackSend(socket: WebSocket, onTurn: () => void): (data: string) => Promise<void> {
  const holdBack = () => {
    const isTooMuch = socket.bufferedAmount > MAX_UNSENT_BYTES
    if (isTooMuch === socket.isPaused) return
    if (isTooMuch) socket.pause()
    else socket.resume()
    onTurn()
  }
  return (data) =>
    new Promise((resolve, reject) => {
      if (socket.readyState !== socket.OPEN) return resolve()
      socket.send(data, (error) => {
        holdBack()
        // What was on its way to a client that has gone did not fail.
        if (error && socket.readyState === socket.OPEN) reject(error)
        else resolve()
      })
      holdBack()
    })
}

/** A message could not be handled: our fault, unless the client has left meanwhile. */
function giveUp(socket: WebSocket, err: unknown, logger: Logger): void {
  logger[socket.readyState === socket.OPEN ? 'error' : 'debug']({ err }, 'a message on a socket could not be handled')
  socket.close(CloseCode.InternalServerError, 'Internal server error')
}

/** @returns what grants the client another interval, as its answer to the last ping does. */
function terminateWhenSilent(socket: WebSocket, intervalMs: number): () => void {
  let isThere = true
  let asked: Buffer | undefined
  const grantTime = () => {
    isThere = true
  }
  socket.on('pong', (answer) => {
    if (asked?.equals(answer)) grantTime()
  })
  const pinging = setInterval(() => {
    if (!isThere) return socket.terminate()
    isThere = false
    // Not to be guessed: who does not read cannot answer.
    asked = randomBytes(8)
    socket.ping(asked)
  }, intervalMs)
  socket.once('close', () => clearInterval(pinging))
  return grantTime
}
