import { parseArgs } from 'node:util'
import { PrivateKeys } from '../subgraphs/auth/keys/private-keys.ts'
import { type KeyRotation, rotateKeys } from '../subgraphs/auth/keys/rotation.ts'
import { runCommand } from './command.ts'

await runCommand({
  usage: 'Say: npm run rotate-keys [-- --now]',
  read: () => parseArgs({ options: { now: { type: 'boolean', default: false } } }).values,
  async carryOut({ config, orm }, { now: immediately }) {
    const rotation = await rotateKeys(orm.em, {
      privateKeys: new PrivateKeys(config.tokens.signingKey),
      accessTokenSeconds: config.sessions.accessTokenSeconds,
      now: () => new Date(),
      immediately,
    })
    return immediately ? tellAtOnce(rotation) : tellStaged(rotation)
  },
})

function tellStaged({ kid, signsFrom, replaced }: KeyRotation): string {
  const lines = replaced.map((key) => `The key ${key.kid} stays published until ${key.retiresAt.toISOString()}.`)
  return [
    `The new key ${kid} is published now and signs from ${signsFrom.toISOString()} on.`,
    ...lines,
    'Nobody is signed out, and nobody has to sign in again.',
  ].join('\n')
}

function tellAtOnce({ kid, replaced }: KeyRotation): string {
  return [
    `The new key ${kid} signs from now on. Processes that run take it up within five seconds.`,
    ...replaced.map((key) => `The key ${key.kid} is withdrawn.`),
    'Services refuse what it signed within about five minutes, and those that cannot reach auth within an hour; apps go ' +
      'on by refreshing their tokens.',
  ].join('\n')
}
