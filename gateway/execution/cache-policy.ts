/** What the headers of an answer say of keeping it; those of one name together, as a list (RFC 9110, 5.3). */
export interface CachingHeaders {
  readonly cacheControl?: string
  readonly age?: string
  readonly vary?: string
}

/** An answer that varies by more than this is not known to be the same for the next one who asks. */
const KNOWN_TO_VARY = new Set(['accept', 'accept-encoding', 'authorization', 'content-type', 'origin'])

/** How long an answer made of several may be kept, and by whom: no longer than each of them, and by nobody who may not keep one. */
export class CachePolicy {
  #seconds = Number.POSITIVE_INFINITY
  #isPublic = true
  #mustRevalidate = false

  /**
   * Takes into account what a subgraph says of its answer (RFC 9111, 5.2.2). One that says nothing, or in a form that is
   * not understood, has said that it must not be kept; so has one whose answer varies by what caches of ours are not told.
   */
  restrict({ cacheControl, age, vary }: CachingHeaders): void {
    if (this.#seconds === 0) return
    const directives = (cacheControl?.toLowerCase().split(',') ?? []).map(toDirective)
    const names = new Set(directives.map(([name]) => name))
    const seconds = variesUnseen(vary) || names.has('no-store') || names.has('no-cache') ? 0 : secondsIn(directives)
    this.#seconds = Math.max(0, Math.min(this.#seconds, seconds - toSeconds(age ?? '0')))
    this.#isPublic &&= names.has('public') && !names.has('private')
    this.#mustRevalidate ||= names.has('must-revalidate') || names.has('proxy-revalidate')
  }

  /**
   * The header of the whole answer; undefined when it must not be kept, as one must not that nobody has said anything of.
   *
   * @param isAnonymous whether nobody is signed in. What somebody who is gets is their own, whatever the subgraphs say.
   */
  header(isAnonymous: boolean): string | undefined {
    if (this.#seconds === 0 || !Number.isFinite(this.#seconds)) return undefined
    const scope = this.#isPublic && isAnonymous ? 'public' : 'private'
    return `max-age=${this.#seconds}, ${scope}${this.#mustRevalidate ? ', must-revalidate' : ''}`
  }
}

type Directive = readonly [name: string, value: string]

function toDirective(text: string): Directive {
  const [name = '', value = ''] = text.split('=', 2)
  return [name.trim(), value.trim().replaceAll('"', '')]
}

/** What browsers may keep and what caches between may, whichever is shorter; without either nothing is said. */
function secondsIn(directives: readonly Directive[]): number {
  const ages = directives.filter(([name]) => name === 'max-age' || name === 's-maxage')
  return ages.some(([name]) => name === 'max-age') ? Math.min(...ages.map(([, value]) => toSeconds(value))) : 0
}

/** 0 for what is none; the age of an answer that is none is no reason to keep it for longer. */
function toSeconds(text: string): number {
  return /^\d{1,10}$/.test(text.trim()) ? Number(text) : 0
}

function variesUnseen(vary: string | undefined): boolean {
  const names = vary?.toLowerCase().split(',') ?? []
  return names.some((name) => name.trim() !== '' && !KNOWN_TO_VARY.has(name.trim()))
}
