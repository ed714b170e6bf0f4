'use strict'
/**
 * Runs the rest of the command line under a Node that can execute TypeScript: the host's own when it is new enough,
 * else the one npm installed with this project. CommonJS and old syntax, because the host's Node reads this file.
 *
 *   node scripts/node.cjs local/main.ts
 */
const { spawn } = require('node:child_process')
const { constants } = require('node:os')
const { delimiter, dirname, join } = require('node:path')

const OLDEST_WITH_TYPE_STRIPPING = [22, 18]

function runsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_WITH_TYPE_STRIPPING
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

function findNode() {
  if (runsTypeScript(process.versions.node)) return process.execPath
  const platform = `node-${process.platform}-${process.arch}`
  try {
    const manifest = require.resolve(`${platform}/package.json`)
    return join(dirname(manifest), require(manifest).bin.node)
  } catch {
    console.error(
      `Parley needs Node ${OLDEST_WITH_TYPE_STRIPPING.join('.')} or newer; this is ${process.versions.node}, and the bundled ` +
        `${platform} is not installed. Run "npm ci" without --omit=optional, or install a newer Node.`,
    )
    process.exit(1)
  }
}

const node = findNode()
const args = process.argv.slice(2)
// A process of ours hears on this channel that the launcher is to stop, or was killed, and ends too. Signals are not passed
// on to it: a terminal's Ctrl+C reaches it anyway, and a second one would mean "at once".
const isOurs = /(^|\/)main\.ts$/.test(args[0] || '')
const child = spawn(node, args, {
  stdio: isOurs ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
  env: Object.assign(
    // Compiled modules are kept, which halves the time of the next start. Node goes without where it cannot write.
    { NODE_COMPILE_CACHE: join(__dirname, '../node_modules/.cache/compiled') },
    process.env,
    { PATH: dirname(node) + delimiter + (process.env.PATH || '') },
  ),
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  const isForOurs = isOurs && signal !== 'SIGHUP'
  process.on(signal, () => (isForOurs ? child.connected && child.send('stop') : child.kill(signal)))
}
child.on('error', (error) => {
  console.error(`Parley could not start ${node}: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code === null ? 128 + constants.signals[signal] : code))
