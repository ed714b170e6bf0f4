const TOKEN =
  /<\/(?<closed>[\w:-]+)\s*>|<(?<opened>[\w:-]+)(?<attributes>(?:\s+[\w:-]+="[^"<&]*")*)\s*(?<isEmpty>\/?)>|(?<text>[^<&]+|&(?:amp|lt|gt|quot|apos|#\d+);)/uy

/** What keeps a text from being one well-formed XML element without comments or CDATA; undefined when nothing does. */
export function faultOfXml(source: string): string | undefined {
  const open: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const start = TOKEN.lastIndex
    const groups = TOKEN.exec(source)?.groups
    if (!groups) return `not XML: ${source.slice(start, start + 60)}`
    const { closed, opened, isEmpty, text, attributes = '' } = groups
    const names = [...attributes.matchAll(/([\w:-]+)="/gu)].map(([, name]) => name)
    if (new Set(names).size < names.length) return `an attribute twice in <${opened}${attributes}>`
    if (opened && start > 0 && open.length === 0) return `a second root, ${opened}`
    if (opened && !isEmpty) open.push(opened)
    if (closed && open.pop() !== closed) return `${closed} ends what is not open`
    if (text?.trim() && open.length === 0) return `text outside the root: ${text}`
  }
  return open.length === 0 ? undefined : `${open.join(', ')} never end`
}
