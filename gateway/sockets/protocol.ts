import { randomBytes } from 'node:crypto'
import { CloseCode, MessageType, type Server, stringifyMessage } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Logger } from '../../platform/logging.ts'
import type { ClientPatience } from '../sessions/client-patience.ts'
import type { Send } from './frames.ts'
import { OperationIds } from './operation-ids.ts'

/**
 * In bytes. A client that leaves more than this unread is not read from, so that it asks for nothing more. What it has
 * asked for is still sent: the answers of operations that run, and of each subscription one event at a time.
 */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024

/** Of a close frame (RFC 6455 §5.5), beside the code. */
const MAX_REASON_BYTES = 123

/** The payload of a ping or a pong of graphql-transport-ws. */
export type PingPayload = Record<string, unknown> | undefined

/** How one socket is served. */
export interface ProtocolOptions<Extra> {
  readonly server: Server<Extra>
  /** Makes what the server's handlers are told beside each message. */
  extra(send: Send): Extra
  /** The payload of the pong to a ping. Never rejects. */
  answerPing(extra: Extra, payload: PingPayload): Promise<PingPayload>
  /** Must close the socket of a client that does not take what waits for it. Without anything waiting it is cut off. */
  tooSlow(extra: Extra): void
  readonly patience: ClientPatience
  readonly logger: Logger
}

/**
 * Serves graphql-transport-ws on one socket. It stands in for graphql-ws's own adapter to `ws`, which answers a ping
 * with the ping's own payload, and prints what goes wrong. The ids that the server's handlers see are of our own making,
 * see {@link OperationIds}.
 */
export function serveProtocol<Extra>(socket: WebSocket, options: ProtocolOptions<Extra>): void {
  const { server, patience, logger } = options
  // A client makes as many errors as it likes, with oversized frames say; `ws` closes the socket by itself.
  socket.on('error', (err) => logger.debug({ err }, 'socket error'))
  const giveUpOn = () => (socket.bufferedAmount > 0 ? options.tooSlow(extra) : socket.terminate())
  const grantTime = endWhenSilent(socket, patience.pingIntervalMs, giveUpOn)
  const watchProgress = endWhenStalled(socket, patience.stalledMs, giveUpOn)
  const send = heldBackSend(socket, grantTime, watchProgress)
  const extra = options.extra(send)
  const ids = new OperationIds()
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: (message) => send(ids.toClient(message)),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) =>
        socket.on('message', (data) => {
          // What is asked for after a goodbye would run without anybody to answer.
          if (socket.readyState !== socket.OPEN) return
          const renamed = ids.fromClient(String(data))
          if ('isIdTooLong' in renamed) socket.close(CloseCode.BadRequest, 'An id has 256 bytes at most')
          else if ('takenId' in renamed) refuseId(socket, renamed.takenId)
          // graphql-ws parses what is a string, and takes anything else as it is.
          else handle(renamed.message as string).catch((err: unknown) => giveUp(socket, err, logger))
        }),
      onPing: async (ping) => {
        const payload = await options.answerPing(extra, ping ?? undefined)
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
 * @param onProgress called when something was to be sent, and when it was.
 */
function heldBackSend(socket: WebSocket, onTurn: () => void, onProgress: () => void): Send {
  const holdBack = () => {
    onProgress()
    const isTooMuch = socket.bufferedAmount > MAX_UNSENT_BYTES
    if (isTooMuch === socket.isPaused || socket.readyState !== socket.OPEN) return
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

/** As graphql-ws does, which is not told. */
function refuseId(socket: WebSocket, id: string): void {
  const reason = `Subscriber for ${id} already exists`
  const isTooLong = Buffer.byteLength(reason) > MAX_REASON_BYTES
  socket.close(CloseCode.SubscriberAlreadyExists, isTooLong ? 'Subscriber already exists' : reason)
}

/** A message could not be handled: our fault, unless the client has left meanwhile. */
function giveUp(socket: WebSocket, err: unknown, logger: Logger): void {
  logger[socket.readyState === socket.OPEN ? 'error' : 'debug']({ err }, 'a message on a socket could not be handled')
  socket.close(CloseCode.InternalServerError, 'Internal server error')
}

/**
 * Gives a client up that leaves a ping unanswered until the next.
 *
 * @returns what grants the client another interval, as its answer to the last ping does.
 */
function endWhenSilent(socket: WebSocket, intervalMs: number, giveUpOn: () => void): () => void {
  let isThere = true
  let asked: Buffer | undefined
  const grantTime = () => {
    isThere = true
  }
  socket.on('pong', (answer) => {
    if (asked?.equals(answer)) grantTime()
  })
  const pinging = setInterval(() => {
    if (socket.readyState !== socket.OPEN) return
    if (!isThere) return giveUpOn()
    isThere = false
    // Not to be guessed: who does not read cannot answer.
    asked = randomBytes(8)
    socket.ping(asked)
  }, intervalMs)
  socket.once('close', () => clearInterval(pinging))
  return grantTime
}

/**
 * Gives a client up of whose data the kernel has not taken any for so long, because the client's own end is full.
 *
 * @returns what must be called whenever something was to be sent, and whenever it was.
 */
function endWhenStalled(socket: WebSocket, stalledMs: number, giveUpOn: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  let waiting = 0
  const stop = () => {
    clearTimeout(timer)
    timer = undefined
  }
  socket.once('close', stop)
  return () => {
    const before = waiting
    waiting = socket.bufferedAmount
    if (waiting === 0 || socket.readyState !== socket.OPEN) stop()
    else if (!timer) timer = setTimeout(giveUpOn, stalledMs)
    else if (waiting < before) timer.refresh()
  }
}
