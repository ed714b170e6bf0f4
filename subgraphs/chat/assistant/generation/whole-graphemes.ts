const HALF_A_PAIR = /[\uD800-\uDBFF]/
/**
 * A character that the next one hardly ever joins: in these scripts a letter comes whole. After any other, such as an
 * emoji, a mark, or a letter of an Indic script, more of the same character may be on its way.
 */
const ENDS_WHOLE =
  /[\p{ASCII}\p{P}\p{Z}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u
/** What is looked at of a text's end, in UTF-16 code units; a longer character is not waited for. */
const TAIL = 64
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** How much of a text is whole surrogate pairs, in UTF-16 code units. */
export function lengthInPairs(text: string): number {
  return HALF_A_PAIR.test(text.slice(-1)) ? text.length - 1 : text.length
}

/**
 * How much of a text is whole characters as people see them (extended grapheme clusters, Unicode Standard Annex #29), in
 * UTF-16 code units: all of it, or all but a last one that may go on. It costs the same for texts of any length.
 */
export function lengthInGraphemes(text: string): number {
  const end = lengthInPairs(text)
  const start = Math.max(0, end - TAIL)
  const tail = text.slice(start, end)
  if (tail === '' || ENDS_WHOLE.test(tail)) return end
  const last = graphemes.segment(tail).containing(tail.length - 1)?.index ?? 0
  return last === 0 && start > 0 ? end : start + last
}
