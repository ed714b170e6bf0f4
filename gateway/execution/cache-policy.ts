/** How long an answer made of several may be kept, and by whom: no longer than each of them, and by nobody who may not keep one. */
export class CachePolicy {
  #seconds = Number.POSITIVE_INFINITY
  #isPublic = true

  /**
   * Takes into account what a subgraph says of its answer (RFC 9111, 5.2.2). One that says nothing, or in a form that is
   * not understood, has said that it must not be kept.
   *
   * @param cacheControl the header's value; undefined when there is none.
   */
  restrict(cacheControl: string | undefined): void {
    if (this.#seconds === 0) return
    const directives = new Map(cacheControl?.toLowerCase().split(',').map(toDirective))
    this.#seconds = Math.min(this.#seconds, secondsIn(directives))
    this.#isPublic &&= directives.has('public') && !directives.has('private')
  }

  /**
   * The header of the whole answer; undefined when it must not be kept, as one must not that nobody has said anything of.
   *
   * @param isAnonymous whether nobody is signed in. What somebody who is gets is their own, whatever the subgraphs say.
   */
  header(isAnonymous: boolean): string | undefined {
    if (this.#seconds === 0 || !Number.isFinite(this.#seconds)) return undefined
    return `max-age=${this.#seconds}, ${this.#isPublic && isAnonymous ? 'public' : 'private'}`
  }
}

function toDirective(text: string): [string, string] {
  const [name = '', value = ''] = text.split('=', 2)
  return [name.trim(), value.trim().replaceAll('"', '')]
}

function secondsIn(directives: ReadonlyMap<string, string>): number {
  if (directives.has('no-store') || directives.has('no-cache')) return 0
  const age = directives.get('max-age') ?? ''
  return /^\d{1,10}$/.test(age) ? Number(age) : 0
}
