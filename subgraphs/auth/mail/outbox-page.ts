import { createHash } from 'node:crypto'
import type { MailLink } from './mail-transport.ts'
import type { OutboxMail } from './outbox.ts'

const STYLE = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
  article { border-top: 1px solid; padding: 1rem 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  code { display: block; user-select: all; overflow-wrap: anywhere; padding: 0.5rem; border: 1px solid; }
`

/** For the `content-security-policy` header: this page's own style, and nothing else from anywhere. */
export const OUTBOX_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The development page with the mails that were not sent, newest first. */
export function outboxPage(mails: readonly OutboxMail[]): string {
  const articles = mails.map(article).join('')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Outbox</title><style>${STYLE}</style></head>
<body>
<h1>Outbox</h1>
<p>No SMTP_URL is set, so these mails were not sent. They are kept until the process ends. Reload the page for newer ones.</p>
${articles || '<p>There are none yet.</p>'}
</body>
</html>
`
}

function article({ to, subject, text, link, writtenAt }: OutboxMail): string {
  const moment = writtenAt.toISOString()
  return `<article>
<h2>${escapeHtml(subject)}</h2>
<p>To ${escapeHtml(to)}, <time datetime="${moment}">${moment}</time></p>
<pre>${withAnchor(text, link)}</pre>
${link ? `<p>Without an app at the link's end, paste this into the explorer:</p>\n<code>${escapeHtml(mutationFor(link))}</code>\n` : ''}</article>
`
}

function withAnchor(text: string, link: MailLink | null): string {
  const escaped = escapeHtml(text)
  if (!link) return escaped
  const url = escapeHtml(link.url)
  return escaped.replaceAll(url, () => `<a href="${url}" rel="noreferrer">${url}</a>`)
}

/** What an app would do with the token. A new password of one character is refused, and the token stays good. */
export function mutationFor({ purpose, token }: MailLink): string {
  const quoted = JSON.stringify(token)
  return purpose === 'VERIFY_EMAIL'
    ? `mutation { verifyEmail(input: { token: ${quoted} }) { user { id emailVerified } userErrors { code message } } }`
    : `mutation { resetPassword(input: { token: ${quoted}, newPassword: "…" }) { user { id } userErrors { code message } } }`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
