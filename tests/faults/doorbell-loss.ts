import type { Filter } from './link-mode.ts'

const LINE_END = Buffer.from('\r\n')
const MESSAGE = /^H?MSG /i

/**
 * Loses some of the messages that a NATS server delivers, each for one subscriber alone, as its own client protocol has
 * them (docs.nats.io, "Client Protocol": `MSG <subject> <sid> [reply-to] <bytes>`, `HMSG` with headers); everything else
 * goes on as it came.
 *
 * @param isLost asked once for each message.
 */
export function losingMessages(isLost: () => boolean): Filter {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const kept: Buffer[] = []
    for (let frame = nextFrame(rest); frame; frame = nextFrame(rest)) {
      rest = rest.subarray(frame.bytes.length)
      if (!frame.isMessage || !isLost()) kept.push(frame.bytes)
    }
    return Buffer.concat(kept)
  }
}

function nextFrame(bytes: Buffer): { bytes: Buffer; isMessage: boolean } | undefined {
  const lineEnd = bytes.indexOf(LINE_END)
  if (lineEnd === -1) return undefined
  const line = bytes.toString('latin1', 0, lineEnd)
  const isMessage = MESSAGE.test(line)
  const payload = isMessage ? Number(line.slice(line.lastIndexOf(' ') + 1)) + LINE_END.length : 0
  const length = lineEnd + LINE_END.length + payload
  return bytes.length < length ? undefined : { bytes: bytes.subarray(0, length), isMessage }
}
