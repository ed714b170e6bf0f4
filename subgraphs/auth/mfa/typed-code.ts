const TOTP_CODE = /^[0-9]{6}$/
const SEPARATORS = /[\s\p{Dash}]/gu

/** Of a longer text the rest is not looked at: normalising takes time that grows with the square of the length. */
const LONGEST_TYPED = 100

/**
 * A code as it is compared: without white space and hyphens, in lower case, and normalised (NFKC), so that full-width
 * digits are digits.
 */
export function normaliseCode(typed: string): string {
  return typed.slice(0, LONGEST_TYPED).normalize('NFKC').replace(SEPARATORS, '').toLowerCase()
}

/** Whether a normalised code can be one of an authenticator app; otherwise it can only be a recovery code. */
export function isTotpCode(code: string): boolean {
  return TOTP_CODE.test(code)
}
