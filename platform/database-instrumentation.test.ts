import { describe, expect, it } from 'vitest'
import { summaryOf } from './database-instrumentation.ts'

describe('what is told of a statement', () => {
  it.each([
    ['select "u0".* from "auth"."user" as "u0" where "u0"."id" = \'x\'', 'SELECT', 'auth.user'],
    ['insert into "chat"."message" ("body") values (\'from auth.user\')', 'INSERT', 'chat.message'],
    ["UPDATE chat.generation SET status = 'RUNNING'", 'UPDATE', 'chat.generation'],
    ['  DELETE FROM chat.generation_chunk WHERE id = 1', 'DELETE', 'chat.generation_chunk'],
    ["WITH next AS (\n  UPDATE chat.conversation SET title = 'x') SELECT 1", 'WITH', 'chat.conversation'],
    ['SELECT FROM chat.generation FOR NO KEY UPDATE', 'SELECT', 'chat.generation'],
    ['begin', 'BEGIN', undefined],
    ['commit', 'COMMIT', undefined],
    ['SELECT 1', 'SELECT', undefined],
  ])('is what it does, and to which table: %s', (statement, operation, table) => {
    expect(summaryOf(statement)).toEqual({ operation, table })
  })

  it.each([
    ["SELECT 'from secret.words'", { operation: 'SELECT', table: undefined }],
    ["INSERT INTO notes VALUES ('into secret.words')", { operation: 'INSERT', table: undefined }],
    ["password 'x'", { operation: 'OTHER', table: undefined }],
    [`SELECT ${' '.repeat(3_000)} FROM secret.words`, { operation: 'SELECT', table: undefined }],
    ['', { operation: 'OTHER', table: undefined }],
    [{ text: 'SELECT 1' }, { operation: 'OTHER', table: undefined }],
  ])('is nothing of what somebody wrote: %s', (statement, summary) => {
    expect(summaryOf(statement)).toEqual(summary)
  })
})
