import { UserFault } from '../../../platform/user-fault.ts'
import type { BreachLookup } from './breach-lookup.ts'
import { readNewPassword } from './password-rules.ts'

/** Where a new password stands in its form, and what it must not be made of. */
export interface NewPasswordContext {
  readonly path: readonly string[]
  /** The account's own names and address. */
  readonly personal: readonly string[]
}

/** Decides which new passwords are good enough. */
export class NewPasswords {
  readonly #minLength: number
  readonly #breaches: BreachLookup

  constructor(options: { minLength: number; breaches: BreachLookup }) {
    this.#minLength = options.minLength
    this.#breaches = options.breaches
  }

  /**
   * @returns the normalised password, which is what to hash.
   * @throws UserFault WEAK_PASSWORD
   */
  async accept(password: string, { path, personal }: NewPasswordContext): Promise<string> {
    const normalised = readNewPassword(password, { minLength: this.#minLength, path, personal })
    if (!(await this.#breaches.isBreached(normalised))) return normalised
    throw new UserFault('WEAK_PASSWORD', 'This password is known from a data breach; choose another one.', path)
  }
}
