/** Fewer characters than this add nothing worth guessing to what is known. */
const LITTLE = 6
/** Fewer neighbours in a row are in many words. */
const SHORTEST_RUN = 3
/** Shorter words are in too many others. */
const SHORTEST_WORD = 4

/** The service's own name is the first word that somebody who guesses thinks of (OWASP ASVS 5.0, 6.1.2). */
const SERVICE_WORDS = ['parley']

/** Digits, then the keys of usual keyboards along their rows, and down their columns. */
const ROWS = [
  '1234567890',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
  'йцукенгшщзхъфывапролджэячсмитьбю',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
].flatMap((row) => [row, [...row].reverse().join('')])

/** Whether a text is one unit of fewer than `length` characters again and again: it is worth as much as the unit. */
export function isRepetition(text: string, length: number): boolean {
  const characters = [...text]
  const longest = Math.min(length - 1, Math.floor(characters.length / 2))
  for (let unit = 1; unit <= longest; unit += 1) {
    if (characters.every((character, index) => index < unit || character === characters[index - unit])) return true
  }
  return false
}

/** Whether a text is little but runs: of one character, along the alphabet or digits, or along the keys of a keyboard. */
export function isRuns(text: string): boolean {
  return lengthBeyondRuns(text) < Math.min(LITTLE, [...text].length / 2)
}

/** Whether what is left of a text, in pieces, is little: fewer than 6 characters that are not in a run. */
export function isLittle(pieces: readonly string[]): boolean {
  return pieces.reduce((length, piece) => length + lengthBeyondRuns(piece), 0) < LITTLE
}

/**
 * Whether a text is little but words that everybody knows who knows the account, or the service's name. Case and all
 * that is neither letter nor digit do not matter, and words of fewer than 4 characters neither.
 */
export function isPersonal(text: string, personal: readonly string[]): boolean {
  const folded = fold(text)
  const words = [...SERVICE_WORDS, ...personal]
    .flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}]+/u)])
    .map(fold)
    .filter((word) => word.length >= SHORTEST_WORD && folded.includes(word))
    .sort((a, b) => b.length - a.length)
  const pieces = words.reduce((rest, word) => rest.replaceAll(word, ' '), folded).split(' ')
  return words.length > 0 && isLittle(pieces)
}

function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '')
}

function lengthBeyondRuns(text: string): number {
  const characters = [...text.toLowerCase()]
  let length = 0
  for (let start = 0; start < characters.length; ) {
    const run = Math.max(stepsFrom(characters, start), ...ROWS.map((row) => keysFrom(characters, start, row)))
    if (run < SHORTEST_RUN) length += 1
    start += run < SHORTEST_RUN ? 1 : run
  }
  return length
}

/** How many characters from here on are each as far from the last one, by 0 or 1 in either direction. */
function stepsFrom(characters: readonly string[], start: number): number {
  const step = stepAt(characters, start)
  if (Math.abs(step) > 1) return 1
  let end = start + 1
  while (end < characters.length && stepAt(characters, end - 1) === step) end += 1
  return end - start
}

function stepAt(characters: readonly string[], index: number): number {
  return (characters[index + 1]?.codePointAt(0) ?? Number.NaN) - (characters[index]?.codePointAt(0) ?? Number.NaN)
}

/** How many characters from here on follow a row, which begins again where it ends. */
function keysFrom(characters: readonly string[], start: number, row: string): number {
  const from = row.indexOf(characters[start] ?? '')
  if (from < 0) return 0
  let length = 1
  while (start + length < characters.length && characters[start + length] === row[(from + length) % row.length]) {
    length += 1
  }
  return length
}
