/**
 * Asks the registry which of the packages that run in production have known vulnerabilities: `npm run audit`.
 * Exits 1 when one is high or critical, and 2 when the registry could not be asked: no news is not good news.
 */
import { spawnSync } from 'node:child_process'
import { isGrave, readAudit } from './audit-report.ts'

const ARGUMENTS = ['audit', '--omit=dev', '--json']
const TIMEOUT_MS = 120_000

function ask(): { readonly output: string; readonly failure: string | undefined } {
  const { stdout, error, signal } = spawnSync('npm', ARGUMENTS, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: 64_000_000,
  })
  const failure = error?.message ?? (signal ? `npm was ended by ${signal}` : undefined)
  return { output: stdout ?? '', failure }
}

const { output, failure } = ask()
const audit = failure ? { unanswered: failure } : readAudit(output)
if ('unanswered' in audit) {
  console.error(`The registry could not be asked for known vulnerabilities: ${audit.unanswered}`)
  process.exitCode = 2
} else {
  for (const { name, severity, title, range } of audit.found) console.log(`${severity}  ${name} ${range}  ${title}`)
  const grave = audit.found.filter(isGrave)
  console.log(`${audit.found.length} packages with known vulnerabilities, ${grave.length} of them high or critical`)
  process.exitCode = grave.length > 0 ? 1 : 0
}
