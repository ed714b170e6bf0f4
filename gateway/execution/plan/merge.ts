import { isJsonObject, type JsonObject, readOwn, writeOwn } from './own-property.ts'

/**
 * Adds what a subgraph answered to what there is: objects by their keys, lists of one length by their indexes; anything
 * else replaces what was there. What is added is used, not copied: `source` must not be written into afterwards but
 * where `target` may be. No key, `__proto__` neither, reaches a prototype.
 *
 * @param keys those of `source`, for who has them.
 */
export function merge(target: JsonObject, source: JsonObject, keys: readonly string[] = Object.keys(source)): void {
  for (const key of keys) {
    const value = source[key]
    if (value === undefined) continue
    const present = readOwn(target, key)
    if (present === undefined) writeOwn(target, key, value)
    else if (!mergeInto(present, value)) writeOwn(target, key, value)
  }
}

/** @returns false when the one cannot be merged into the other. */
function mergeInto(present: unknown, value: unknown): boolean {
  if (typeof present !== 'object' || present === null || typeof value !== 'object' || value === null) return false
  if (present === value) return true
  if (Array.isArray(present)) return Array.isArray(value) && mergeLists(present, value)
  if (Array.isArray(value)) return false
  merge(present as JsonObject, value as JsonObject)
  return true
}

function mergeLists(present: unknown[], value: readonly unknown[]): boolean {
  if (present.length !== value.length) return false
  for (let index = 0; index < value.length; index += 1) {
    if (!mergeInto(present[index], value[index])) present[index] = value[index]
  }
  return true
}

/** Adds what there is not yet, or is null, and leaves the rest as it is; otherwise as {@link merge}. */
export function addMissing(
  target: JsonObject,
  source: JsonObject,
  keys: readonly string[] = Object.keys(source),
): void {
  for (const key of keys) {
    const value = source[key]
    if (value === undefined) continue
    const present = readOwn(target, key)
    if (present === undefined || (present === null && value !== null)) writeOwn(target, key, value)
    else addMissingInto(present, value)
  }
}

function addMissingInto(present: unknown, value: unknown): void {
  if (isJsonObject(present) && isJsonObject(value)) addMissing(present, value)
  if (!Array.isArray(present) || !Array.isArray(value) || present.length !== value.length) return
  for (let index = 0; index < value.length; index += 1) {
    if (present[index] === null) present[index] = value[index]
    else addMissingInto(present[index], value[index])
  }
}

/** A copy of JSON data that shares nothing with it. */
export function copyOf<Value>(value: Value): Value
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (!isJsonObject(value)) return value
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) writeOwn(copy, key, copyOf(value[key]))
  return copy
}
