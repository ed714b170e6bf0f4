/** One of the media ranges that a client accepts. */
interface AcceptedMedia {
  /** In small letters, like `text/event-stream` or an asterisk for all. */
  readonly type: string
  /** By name in small letters; without quotes. */
  readonly parameters: Readonly<Record<string, string>>
}

/** At commas and semicolons that are not within quotes. */
const LIST = /,(?=(?:[^"]*"[^"]*")*[^"]*$)/
const PARAMETERS = /;(?=(?:[^"]*"[^"]*")*[^"]*$)/

/** Longer ones are looked at up to here: browsers send some two hundred characters. */
const MAX_CHARACTERS = 1_000

/**
 * What an `Accept` header asks for, the most wanted first (RFC 9110 §12.5.1); of equally wanted ones the first named.
 */
export function acceptedMedia(accept = ''): AcceptedMedia[] {
  const ranges = accept.slice(0, MAX_CHARACTERS).split(LIST).map(rangeOf)
  return ranges.filter(({ quality }) => quality > 0).sort((one, other) => other.quality - one.quality)
}

function rangeOf(text: string): AcceptedMedia & { readonly quality: number } {
  const [type = '', ...pairs] = text.split(PARAMETERS)
  const parameters = Object.fromEntries(pairs.map(parameterOf))
  const quality = Number(parameters.q ?? 1)
  return { type: type.trim().toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality }
}

function parameterOf(pair: string): [name: string, value: string] {
  const [name = '', value = ''] = pair.split('=')
  return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')]
}
