import { BlockList, isIPv6 } from 'node:net'
import { type Labels, type Manifest, type Selector, selects } from './manifest.ts'

/** The label that Kubernetes itself gives every namespace. */
const NAMESPACE_LABEL = 'kubernetes.io/metadata.name'

/** One end of a connection: a pod, or with nothing but an address something outside the cluster. */
export interface End {
  readonly address: string
  readonly namespace?: string
  readonly labels?: Labels
  /** Its container's, by name. */
  readonly ports?: Readonly<Record<string, number>>
}

interface Peer {
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
}

interface Rule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly { readonly protocol?: string; readonly port: number | string }[]
}

/** A NetworkPolicy of networking.k8s.io/v1, as far as ours go: without `endPort`. */
export interface NetworkPolicy extends Manifest {
  readonly spec: {
    readonly podSelector: Selector
    readonly policyTypes: readonly ('Ingress' | 'Egress')[]
    readonly ingress?: readonly Rule[]
    readonly egress?: readonly Rule[]
  }
}

/** What a set of network policies lets through, by the rules of the API's reference. */
export class Network {
  readonly #policies: readonly NetworkPolicy[]

  /** @param manifests of which only the network policies count. */
  constructor(manifests: readonly Manifest[]) {
    this.#policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy') as NetworkPolicy[]
  }

  /** Whether `from` may open a connection to this port of `to`: the one may send it, and the other may take it. */
  allows(from: End, to: End, port: number, protocol = 'TCP'): boolean {
    const opens = (rule: Rule) =>
      (rule.ports ?? [{ port }]).some(
        (given) =>
          (given.protocol ?? 'TCP') === protocol &&
          (typeof given.port === 'string' ? to.ports?.[given.port] : given.port) === port,
      )
    const maySend = this.#isAllowed(from, 'Egress', (policy) =>
      (policy.spec.egress ?? []).some((rule) => opens(rule) && isAmong(rule.to, to, policy)),
    )
    const mayTake = this.#isAllowed(to, 'Ingress', (policy) =>
      (policy.spec.ingress ?? []).some((rule) => opens(rule) && isAmong(rule.from, from, policy)),
    )
    return maySend && mayTake
  }

  /** A pod that no policy of this direction selects is free; else one of those that do must allow it. */
  #isAllowed(end: End, type: 'Ingress' | 'Egress', allows: (policy: NetworkPolicy) => boolean): boolean {
    const binding = this.#policies.filter(
      ({ metadata, spec }) =>
        metadata.namespace === end.namespace &&
        spec.policyTypes.includes(type) &&
        selects(spec.podSelector, end.labels ?? {}),
    )
    return end.namespace === undefined || binding.length === 0 || binding.some(allows)
  }
}

/** Without a list of peers everybody is meant. */
function isAmong(peers: readonly Peer[] | undefined, end: End, policy: NetworkPolicy): boolean {
  return peers === undefined || peers.some((peer) => isPeer(peer, end, policy.metadata.namespace))
}

function isPeer({ ipBlock, namespaceSelector, podSelector }: Peer, end: End, home: string | undefined): boolean {
  if (ipBlock) return isIn(ipBlock.cidr, end) && !(ipBlock.except ?? []).some((range) => isIn(range, end))
  if (end.namespace === undefined) return false
  const isInNamespace = namespaceSelector
    ? selects(namespaceSelector, { [NAMESPACE_LABEL]: end.namespace })
    : end.namespace === home
  return isInNamespace && selects(podSelector ?? {}, end.labels ?? {})
}

function isIn(range: string, { address }: End): boolean {
  const [start = '', bits] = range.split('/')
  if (isIPv6(start) !== isIPv6(address)) return false
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(start, Number(bits), family)
  return list.check(address, family)
}
