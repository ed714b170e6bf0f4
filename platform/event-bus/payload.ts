/** A message larger than this, in bytes, is sent without its content. */
export const LARGEST_PAYLOAD = 65_536

/** A payload as JSON; `null` for what is too large, and for what JSON cannot say. Never throws. */
export function encodePayload(payload: unknown): string {
  const json = toJson(payload)
  return json === undefined || Buffer.byteLength(json) > LARGEST_PAYLOAD ? 'null' : json
}

function toJson(payload: unknown): string | undefined {
  try {
    return JSON.stringify(payload)
  } catch {
    return undefined
  }
}
