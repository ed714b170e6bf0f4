/** Any JSON object. */
export type JsonObject = Record<string, unknown>

/** Whether a value is an object of JSON, neither a list nor null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * What an object itself has under a key that data or a client has chosen. Under `constructor`, `toString` and the like a
 * plain read would give what every object inherits.
 */
export function readOwn(object: JsonObject, key: string): unknown {
  const value = object[key]
  return typeof value !== 'function' && key !== '__proto__' ? value : ownValue(object, key)
}

function ownValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** Gives an object a property of its own, whatever the key: `__proto__` becomes a key like any other. */
export function writeOwn(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}
