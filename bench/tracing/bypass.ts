import { registerHooks } from 'node:module'

/** With `--import`: the hooks of tracing are gone from this process, as far as one can take them out. */
const BYPASSED = new URL('./bypassed-spans.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    return found.url.endsWith('/platform/tracing/spans.ts') ? { ...found, url: BYPASSED } : found
  },
})
