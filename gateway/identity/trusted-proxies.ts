import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Whether the text is an IP address, or a range of them in CIDR notation (RFC 4632). */
export function isAddressOrRange(text: string): boolean {
  const { address, family, prefix } = parseRange(text)
  return family !== 0 && /^\d+$/.test(prefix) && Number(prefix) <= bitsOf(family) && !address.includes('%')
}

/** The reverse proxies in front of the gateway: their word on who called them counts, nobody else's does. */
export class TrustedProxies {
  readonly #ranges = new BlockList()

  /** @param ranges addresses and CIDR ranges, each of which satisfies {@link isAddressOrRange}. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const { address, family, prefix } = parseRange(range)
      this.#ranges.addSubnet(address, Number(prefix), nameOf(family))
    }
  }

  /** The address of the client behind a request: the last one in `x-forwarded-for` that is not a trusted proxy's. */
  clientAddress(request: IncomingMessage): string {
    const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',')
    let address = withoutMapping(request.socket.remoteAddress ?? '')
    while (this.#trusts(address)) {
      const claimed = withoutMapping(forwarded.pop()?.trim() ?? '')
      if (isIP(claimed) === 0) break
      address = claimed
    }
    return address
  }

  #trusts(address: string): boolean {
    const family = isIP(address)
    return family !== 0 && this.#ranges.check(address, nameOf(family))
  }
}

function parseRange(text: string): { address: string; family: number; prefix: string } {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = rest.length > 0 ? 0 : isIP(address)
  return { address, family, prefix: prefix ?? String(bitsOf(family)) }
}

const bitsOf = (family: number) => (family === 6 ? 128 : 32)

const nameOf = (family: number) => (family === 6 ? 'ipv6' : 'ipv4')

/** A socket that listens on both families reports IPv4 clients as `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2). */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
