import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { envoyBinary } from '../../../services/dev-env/infra/envoy.ts'
import { postgresPrograms } from '../../../services/dev-env/infra/postgres-programs.ts'
import { packagedProgram } from '../../../services/dev-env/infra/programs.ts'

/** An image that is made of files of this machine: what fills its root, and the rest of its Dockerfile. */
export type Image = {
  /** Puts its files into the folder that becomes its root. */
  fill(root: string): Promise<void> | void
  /** Lines of its Dockerfile. */
  config: string[]
}

const ENTRY = (name: string) => join(import.meta.dirname, name)

/**
 * Stand-ins for images that no registry is asked for, from the packages that `npm test` installs. Each takes the environment, the
 * arguments and the folders that k8s/laptop and the chart give to the official image.
 */
export const STAND_INS: Record<'postgres' | 'mongo' | 'nats' | 'envoy', Image> = {
  postgres: {
    fill: async (root) => {
      addSystem(root)
      const programs = await postgresPrograms(root)
      // initdb asks a shell for the version of the server.
      addProgram(root, '/bin/sh')
      addLibraries(root, [join(programs, 'bin/postgres')])
      execFileSync('mv', [programs, join(root, 'postgres')])
      addEntry(root, 'postgres.sh')
      mkdirSync(join(root, 'var/lib/postgresql'), { recursive: true })
    },
    config: [
      'ENV PATH=/postgres/bin:/bin PGDATA=/var/lib/postgresql/18/docker',
      'ENTRYPOINT ["/entry/postgres.sh"]',
      'STOPSIGNAL SIGINT',
      'USER 999:999',
    ],
  },

  mongo: {
    fill: (root) => {
      addSystem(root)
      addPython(root)
      addEntry(root, 'mongo.py')
      mkdirSync(join(root, 'data/db'), { recursive: true })
    },
    config: ['ENTRYPOINT ["/python/bin/python3", "/entry/mongo.py"]', 'USER 999:999'],
  },

  nats: {
    fill: (root) => {
      mkdirSync(join(root, 'tmp'))
      copyFileSync(packagedProgram('nats-server'), join(root, 'nats-server'))
    },
    config: ['ENTRYPOINT ["/nats-server"]'],
  },

  envoy: {
    fill: (root) => {
      addSystem(root)
      addProgram(root, '/bin/sh')
      mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
      copyFileSync(envoyBinary(), join(root, 'usr/local/bin/envoy'))
      addLibraries(root, [envoyBinary()])
    },
    config: ['ENV PATH=/usr/local/bin:/usr/bin:/bin', 'ENTRYPOINT ["envoy"]', 'USER 101:101'],
  },
}

/** Users, names, and the libraries that glibc loads by itself. */
function addSystem(root: string) {
  for (const folder of ['etc', 'tmp', 'bin', 'usr/bin']) mkdirSync(join(root, folder), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
  const users = ['root:x:0:0:root:/:/bin/sh', 'postgres:x:999:999:postgres:/var/lib/postgresql:/bin/sh']
  writeFileSync(join(root, 'etc/passwd'), [...users, 'nonroot:x:65532:65532:nonroot:/tmp:/bin/sh', ''].join('\n'))
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\npostgres:x:999:\nnonroot:x:65532:\n')
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n')
  const places = libraries([process.execPath])
  const folder = dirname(places.find((path) => path.includes('/libc.so'))!)
  const byItself = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'].map((name) => join(folder, name))
  for (const path of [...places, ...byItself.filter((name) => existsSync(name))]) copyTo(root, path)
}

function addProgram(root: string, path: string) {
  copyTo(root, path)
  addLibraries(root, [path])
}

/** Copies the shared libraries of programs, but those that lie beside them. */
function addLibraries(root: string, programs: string[]) {
  for (const path of libraries(programs)) copyTo(root, path)
}

// Where the loader finds the libraries of a program of this machine.
function libraries(programs: string[]): string[] {
  const said = execFileSync('sh', ['-c', 'ldd "$@" 2>/dev/null || true', 'ldd', ...programs], { encoding: 'utf8' })
  const found = [...said.matchAll(/(?:=> |^\s*)(\/(?:usr\/)?lib(?:64)?\/[^ ]+\.so[^ ]*)/gm)].map(([, path]) => path!)
  return [...new Set(found)]
}

function copyTo(root: string, path: string) {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(realpathSync(path), target)
}

function addEntry(root: string, name: string) {
  mkdirSync(join(root, 'entry'))
  copyFileSync(ENTRY(name), join(root, 'entry', name))
  chmodSync(join(root, 'entry', name), 0o755)
}

/** The Python of the virtual environment with its packages, below /python. */
function addPython(root: string) {
  const python = packagedProgram('python')
  const ask = (expression: string) =>
    execFileSync(python, ['-c', `import sys, sysconfig; print(${expression})`], { encoding: 'utf8' }).trim()
  const [version, standard, packages] = [
    ask('"%d.%d" % sys.version_info[:2]'),
    ask('sysconfig.get_paths()["stdlib"]'),
    ask('sysconfig.get_paths()["purelib"]'),
  ]
  const program = join(root, 'python/bin/python3')
  const library = join(root, `python/lib/python${version}`)
  mkdirSync(dirname(program), { recursive: true })
  copyFileSync(realpathSync(python), program)
  const left = /\/(__pycache__|test|tests|idlelib|ensurepip|site-packages|dist-packages|config-[^/]*|envoy|pip)$/
  const filter = (from: string) => !left.test(from)
  cpSync(standard, library, { recursive: true, dereference: true, filter })
  const keep = (from: string) => from === packages || filter(from)
  cpSync(packages, join(library, 'site-packages'), { recursive: true, dereference: true, filter: keep })
  // A Python that was built as a library finds it in its own folder.
  const lib = join(ask('sys.base_prefix'), 'lib')
  for (const name of readdirSync(lib).filter((file) => /^libpython3.*\.so/.test(file))) {
    mkdirSync(join(root, 'usr/lib'), { recursive: true })
    copyFileSync(realpathSync(join(lib, name)), join(root, 'usr/lib', name))
  }
  const modules = readdirSync(join(root, 'python'), { recursive: true, encoding: 'utf8' })
  addLibraries(root, [
    program,
    ...modules.filter((file) => file.endsWith('.so')).map((file) => join(root, 'python', file)),
  ])
}
