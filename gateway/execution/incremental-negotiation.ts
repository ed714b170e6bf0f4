import { acceptedMedia } from '../http/accepted-media.ts'
import { DEFER_SPEC_2022, INCREMENTAL_SPEC_0_2, type IncrementalFormat } from './incremental-format.ts'

const FORMATS = [INCREMENTAL_SPEC_0_2, DEFER_SPEC_2022]

/** The format for an answer in pieces that a client wants most; undefined when it names none. */
export function incrementalFormatFor(accept: string | undefined): IncrementalFormat | undefined {
  if (!accept?.includes('multipart/mixed')) return undefined
  for (const { type, parameters } of acceptedMedia(accept)) {
    if (type !== 'multipart/mixed') continue
    const format = FORMATS.find(({ parameter: { name, value } }) => parameters[name] === value)
    if (format) return format
  }
  return undefined
}
