/** Letters by their category that nobody sees: the Hangul fillers, say, and the blank Braille pattern. */
const NOTHING_TO_SEE = /[\p{Default_Ignorable_Code_Point}\u2800]/gu
const SOMETHING_TO_SEE = /[\p{L}\p{N}\p{P}\p{S}]/u

/** Whether a text is more than white space, marks and format characters, so that its reader sees something. */
export function hasSomethingToSee(text: string): boolean {
  return SOMETHING_TO_SEE.test(text.replace(NOTHING_TO_SEE, ''))
}

/** An emoji of one or several, whose parts nobody sees (Unicode Technical Standard #51). */
const EMOJI =
  /\p{RGI_Emoji_Tag_Sequence}|\p{Emoji_Keycap_Sequence}|\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0E\uFE0F]?(?:\u200D\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0E\uFE0F]?)*/v
/** A joiner behind a letter that may have another form by it. */
const JOINER =
  /(?<=[[\p{L}\p{M}]&&[\p{scx=Arab}\p{scx=Syrc}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}]])[\u200C\u200D]/v
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]/v
const KEPT_OR_UNSEEN = new RegExp(`(${EMOJI.source}|${JOINER.source})|${UNSEEN.source}`, 'gv')

/**
 * A text without the characters that nobody sees: those that order or mark a direction, join, hide or fill. What they are
 * part of keeps them: emoji, and words of scripts whose letters join.
 */
export function withoutUnseen(text: string): string {
  return text.replace(KEPT_OR_UNSEEN, '$1')
}
