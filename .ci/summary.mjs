/**
 * Prints what a verification found; the last line is "N passed, N failed". Exits with 1 when anything failed.
 * Plain JavaScript, because it must also run where the installation failed.
 *
 *   node .ci/summary.mjs <report.json> [title of a failed step]...
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const [reportPath, ...failedSteps] = process.argv.slice(2)

/** Without a report nothing is known to have passed. */
function readReport() {
  try {
    return JSON.parse(readFileSync(reportPath, 'utf8'))
  } catch {
    return undefined
  }
}

const report = readReport()
const files = (report?.testResults ?? []).map((file) => ({ ...file, name: relative('', file.name) }))
const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })))
const failed = tests.filter((test) => test.status === 'failed')
const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed')
const broken = files.filter((file) => file.status === 'failed' && failed.every((test) => test.file !== file.name))
const reportExplains = failed.length + broken.length > 0
const complaints = [
  ...failed.map((test) => `FAILED   ${test.fullName} (${test.file})`),
  ...broken.map((file) => `BROKEN   ${file.name}: ${file.message}`),
  ...skipped.map((test) => `NOT RUN  ${test.fullName} (${test.file}): a test that does not run counts as failed`),
  ...failedSteps.filter((step) => step !== 'npm test' || !reportExplains).map((step) => `FAILED   ${step}`),
]
if (!report?.numPassedTests && complaints.length === 0) complaints.push('NOT RUN  no test ran at all')

for (const complaint of complaints) console.log(complaint)
console.log(`${report?.numPassedTests ?? 0} passed, ${report ? complaints.length : 1} failed`)
process.exitCode = complaints.length === 0 ? 0 : 1
