/** A message as somebody was told of it. */
export interface ToldMessage {
  readonly id: string
  /** Gapless in its conversation, from 1. */
  readonly number: number
}

/** What was not as promised, counted over all followers. */
export interface DeliveryVerdict {
  /** Messages that a follower never got, although a later one or an acknowledgement says that they are there. */
  readonly lost: number
  readonly doubled: number
  /** Messages that came after a later one. */
  readonly disordered: number
  /** Numbers under which a follower was told another message than the sender, or than another follower. */
  readonly contradicted: number
  /** How many messages came to followers, all of which were looked at. */
  readonly delivered: number
  readonly acknowledged: number
  /** The first findings, in words. */
  readonly findings: readonly string[]
}

const MOST_FINDINGS = 20

interface Follower {
  readonly name: string
  readonly conversation: string
  /** The newest number. */
  newest: number
  /** Numbers below the newest one that have not come. */
  readonly missing: Set<number>
}

/** What one follower is told. */
export interface FollowerCheck {
  received(message: ToldMessage): void
}

/**
 * Compares what was acknowledged with what each follower was told: every message of a conversation once, and in the order
 * of their numbers. As numbers have no gaps, a follower who has all of them up to the newest acknowledged one lacks
 * nothing, whoever sent the rest.
 */
export class DeliveryChecker {
  readonly #followers: Follower[] = []
  readonly #ids = new Map<string, string[]>()
  /** The highest acknowledged number of each conversation. */
  readonly #heads = new Map<string, number>()
  readonly #findings: string[] = []
  #doubled = 0
  #disordered = 0
  #contradicted = 0
  #delivered = 0
  #acknowledged = 0

  /** Somebody follows a conversation from behind this number on. */
  follow(name: string, conversation: string, from = 0): FollowerCheck {
    const follower: Follower = { name, conversation, newest: from, missing: new Set() }
    this.#followers.push(follower)
    return { received: (message) => this.#received(follower, message) }
  }

  /** The server has promised that this message is there. */
  acknowledged(conversation: string, message: ToldMessage): void {
    this.#acknowledged += 1
    this.#heads.set(conversation, Math.max(this.#heads.get(conversation) ?? 0, message.number))
    this.#compareId(conversation, message, 'the sender')
  }

  /** Whether everybody has got as far as the newest acknowledgement. */
  isSettled(): boolean {
    return this.#followers.every((follower) => follower.newest >= (this.#heads.get(follower.conversation) ?? 0))
  }

  /** To be asked at the end, when nothing is expected to come any more. */
  judge(): DeliveryVerdict {
    const findings = [...this.#findings]
    let lost = 0
    for (const { name, conversation, newest, missing } of this.#followers) {
      const behind = Math.max(0, (this.#heads.get(conversation) ?? 0) - newest)
      lost += missing.size + behind
      if (missing.size > 0) findings.push(`${name} never got ${[...missing].slice(0, 5)} of ${conversation}`)
      if (behind > 0) findings.push(`${name} never got the last ${behind} of ${conversation}, after ${newest}`)
    }
    return {
      lost,
      doubled: this.#doubled,
      disordered: this.#disordered,
      contradicted: this.#contradicted,
      delivered: this.#delivered,
      acknowledged: this.#acknowledged,
      findings: findings.slice(0, MOST_FINDINGS),
    }
  }

  #received(follower: Follower, message: ToldMessage): void {
    this.#delivered += 1
    const { name, conversation, newest } = follower
    const { number } = message
    this.#compareId(conversation, message, name)
    if (number > newest) {
      for (let skipped = newest + 1; skipped < number; skipped += 1) follower.missing.add(skipped)
      follower.newest = number
    } else if (follower.missing.delete(number)) {
      this.#disordered += 1
      this.#find(`${name} got ${number} of ${conversation} after ${newest}`)
    } else {
      this.#doubled += 1
      this.#find(`${name} got ${number} of ${conversation} again`)
    }
  }

  #compareId(conversation: string, { id, number }: ToldMessage, who: string): void {
    const ids = this.#ids.get(conversation) ?? []
    this.#ids.set(conversation, ids)
    const known = ids[number]
    if (known === undefined) ids[number] = id
    else if (known !== id) {
      this.#contradicted += 1
      this.#find(`${who} was told that ${number} of ${conversation} is ${id}, and others ${known}`)
    }
  }

  #find(what: string): void {
    if (this.#findings.length < MOST_FINDINGS) this.#findings.push(what)
  }
}
