/** Letters by their category that nobody sees: the Hangul fillers, say, and the blank Braille pattern. */
const NOTHING_TO_SEE = /[\p{Default_Ignorable_Code_Point}\u2800]/gu
const SOMETHING_TO_SEE = /[\p{L}\p{N}\p{P}\p{S}]/u

/** Whether a text is more than white space, marks and format characters, so that its reader sees something. */
export function hasSomethingToSee(text: string): boolean {
  return SOMETHING_TO_SEE.test(text.replace(NOTHING_TO_SEE, ''))
}
