import { isIPv4, isIPv6 } from 'node:net'

/** For callers without an address, who share one allowance. */
const NOWHERE = 'no address'
const GROUPS = 8
/** A household or a server is given 64 bits or more of addresses to choose from (RFC 6177, RFC 7421). */
const GROUPS_OF_A_HOUSEHOLD = 4

/** Who is counted as one: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function addressKey(address: string | null): string {
  if (address === null) return NOWHERE
  if (isIPv4(address)) return address
  const groups = groupsOf(address)
  if (!groups) return NOWHERE
  return embeddedIPv4(groups) ?? `${groups.slice(0, GROUPS_OF_A_HOUSEHOLD).join(':')}::/64`
}

/** The eight groups of an IPv6 address, in hexadecimal without leading zeros. */
function groupsOf(address: string): string[] | undefined {
  const withoutZone = address.replace(/%.*$/, '')
  if (!isIPv6(withoutZone)) return undefined
  // A URL writes every IPv6 address in one way only (RFC 5952), and IPv4 within it as two groups.
  const canonical = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1)
  const [head = [], tail = []] = canonical.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  return [...head, ...Array<string>(GROUPS - head.length - tail.length).fill('0'), ...tail]
}

/** A socket that listens on both families reports IPv4 callers as `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2). */
function embeddedIPv4(groups: readonly string[]): string | undefined {
  if (groups.slice(0, -2).join(':') !== '0:0:0:0:0:ffff') return undefined
  return groups
    .slice(-2)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((bits) => [bits >> 8, bits & 0xff])
    .join('.')
}
