/** A statement, or a part of one, with its parameters. */
export interface Sql {
  readonly text: string
  readonly values: readonly unknown[]
}
