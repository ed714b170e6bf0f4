/** The text as Postgres can store it, of the same length: U+FFFD stands for each NUL and each half of a surrogate pair. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed()
}
