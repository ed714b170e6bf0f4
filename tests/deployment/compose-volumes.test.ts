import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { readCompose, serviceOf } from '../support/compose-file.ts'
import { makeComposedSecrets } from '../support/composed-environment.ts'
import { madeFolders, ownerInImage, USER_OF_IMAGE } from './image-folders.ts'

const compose = readCompose()

interface Mount {
  readonly service: string
  readonly volume: string
  readonly target: string
  readonly image: string
}

/** Every mount of a volume, as opposed to one of the repository's files. */
const MOUNTS: readonly Mount[] = Object.keys(compose.services).flatMap((service) => {
  const { image, volumes } = serviceOf(compose, service)
  return volumes
    .filter((volume) => !volume.startsWith('./'))
    .map((text) => {
      const [volume = '', target = ''] = text.split(':')
      return { service, volume, target, image }
    })
})
const OF_OUR_IMAGE = MOUNTS.filter(({ image }) => image === serviceOf(compose, 'secrets').image)
const MADE_BY_SECRETS = MOUNTS.filter(({ service }) => service === 'secrets')
const SECRET_VOLUMES = [...new Set(MOUNTS.map(({ volume }) => volume))].filter((name) => name.startsWith('secrets-'))

/**
 * Docker fills an empty volume from what an image has where it is mounted, with its owner: at the creation of each container,
 * also for a mount that is to be read, and Compose creates all containers before it starts one, in an order of its own.
 */
describe('an empty volume of secrets', () => {
  it.each(SECRET_VOLUMES)(
    '%s can only take the owner that writes to it, whichever container is made first',
    (volume) => {
      const owners = OF_OUR_IMAGE.filter((mount) => mount.volume === volume).map(({ target }) => ownerInImage(target))
      expect([...new Set(owners.filter((owner) => owner !== undefined))]).toEqual([USER_OF_IMAGE])
    },
  )

  it('is mounted by others where their images have nothing', () => {
    const readers = MOUNTS.filter(({ volume, service }) => SECRET_VOLUMES.includes(volume) && service !== 'secrets')
    expect(readers.length).toBeGreaterThan(SECRET_VOLUMES.length)
    for (const { target, service } of readers) {
      expect(target, service).toBe('/secrets')
      expect(ownerInImage(target), service).toBe(undefined)
    }
  })

  it('would be noticed to be of another where the image holds it, as its parent or as a folder of the system', () => {
    expect(ownerInImage(dirname(MADE_BY_SECRETS[0]?.target ?? ''))).toBe('0')
    expect(ownerInImage('/etc')).toBe('0')
    expect(ownerInImage('/app/local')).toBe('0')
  })
})

describe('the service secrets', () => {
  it('writes to its mounts and to nothing else, and the image makes each of them', async () => {
    const folder = await temporaryFolder()
    makeComposedSecrets(folder, {})
    const { command } = serviceOf(compose, 'secrets')
    const [, root = ''] = command
    const written = readdirSync(folder).map((name) => join(root, name))
    const mounted = MADE_BY_SECRETS.map(({ target }) => target)
    expect(mounted.toSorted()).toEqual(written.toSorted())
    expect(madeFolders().toSorted()).toEqual(mounted.toSorted())
  })

  it('mounts each volume once, under the name of its reader', () => {
    expect(MADE_BY_SECRETS.map(({ volume }) => volume).toSorted()).toEqual(SECRET_VOLUMES.toSorted())
    for (const { volume, target } of MADE_BY_SECRETS) expect(target).toBe(`/made/${volume.replace('secrets-', '')}`)
  })
})
