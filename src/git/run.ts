import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { devNull } from 'node:os'
import type { Git } from '../connector.ts'
import { AppError, systemCode } from '../errors.ts'

/** What the child may know of our environment. Everything else stays here: our secrets, and GIT_* variables that would point git at another repository (a hook sets them). */
const INHERITED = new Set(['PATH', 'PATHEXT', 'HOME', 'USERPROFILE', 'SYSTEMROOT', 'TEMP', 'TMP', 'TMPDIR', 'LD_LIBRARY_PATH'])

const ENVIRONMENT = {
  LC_ALL: 'C.UTF-8',
  GIT_TERMINAL_PROMPT: '0',
  // Other people's settings must not change what the same history reads like. The repository's own settings stay.
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: devNull,
  GIT_ATTR_NOSYSTEM: '1',
  // `git status` and friends refresh the index when they may lock it.
  GIT_OPTIONAL_LOCKS: '0',
  // The recorded history, not a local rewriting of it.
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_GRAFT_FILE: devNull,
  // A partial clone would fetch what it lacks, and write it. git before 2.39.4 does not know the first variable; with the
  // second its fetch finds every transport forbidden, whatever the repository's own `protocol.*.allow` says.
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  // Without it git writes each commit by itself: 6,400 reads for us instead of 60, and half of our processor time.
  GIT_FLUSH: '0',
}

/** Each line of the repository's configuration that could start a program, or change what git prints. */
const SETTINGS = [
  // A server reads repositories of other owners. git before 2.38 does not take this from the command line and refuses them.
  'safe.directory=*',
  'core.quotePath=off',
  'core.fsmonitor=false',
  `core.hooksPath=${devNull}`,
  `core.attributesFile=${devNull}`,
  'log.showSignature=false',
  // A bare repository reads .mailmap from here by itself; a work tree whose files are not checked out would have none.
  'mailmap.blob=HEAD:.mailmap',
].flatMap((setting) => ['-c', setting])

const STDERR_KEPT = 4096
const USAGE_ERROR = 129

/** Runs git without a shell, without the network and without a way to write. `environment` is where PATH and HOME are found. */
export function createGit(environment: Readonly<Record<string, string | undefined>>): Git {
  const inherited = Object.entries(environment).filter(([name]) => INHERITED.has(name.toUpperCase()))
  const env = { ...Object.fromEntries(inherited), ...ENVIRONMENT }

  return async function* git(repository, args, options = {}) {
    const { signal, input } = options
    signal?.throwIfAborted()
    const child = spawn('git', [...SETTINGS, '-C', repository, '--no-pager', ...args], {
      env,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      windowsHide: true,
    })
    // Reading leaves nothing behind that a softer signal could tidy up.
    const kill = () => child.kill('SIGKILL')
    signal?.addEventListener('abort', kill, { once: true })
    const exit = exitOf(child)
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_KEPT)
    })
    // git that dies early closes its end; its exit code says more than our EPIPE.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    try {
      if (child.stdout !== null) yield* child.stdout as AsyncIterable<Buffer>
      const code = await exit
      signal?.throwIfAborted()
      if (code !== 0) throw failure(repository, args, code, stderr)
    } catch (thrown) {
      signal?.throwIfAborted()
      if (thrown instanceof AppError) throw thrown
      throw notStarted(
        await exit.then(
          () => thrown,
          (reason: unknown) => reason,
        ),
      )
    } finally {
      signal?.removeEventListener('abort', kill)
      kill()
    }
  }
}

/** The exit code, null after a signal; rejects when the program could not be started. Never unhandled: a reader may leave early. */
function exitOf(child: ChildProcess): Promise<number | null> {
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  exit.catch(() => {})
  return exit
}

function notStarted(cause: unknown): AppError {
  if (systemCode(cause) === 'ENOENT')
    return new AppError('git', 'git is not installed, or not on the PATH.', {
      help: 'Install git 2.31 or newer and start Fairlead again.',
      cause,
    })
  return new AppError('git', 'git could not be run.', { help: 'The log has the cause.', cause })
}

/** What git says for the troubles that a reader can do something about. */
const TROUBLES: readonly { says: RegExp; message: (repository: string) => string; help: string }[] = [
  {
    says: /cannot change to '.*': (No such file|Not a directory)/,
    message: (repository) => `There is no folder ${repository}.`,
    help: 'Give the path of a git repository as this machine sees it; in a container, the path inside the container.',
  },
  {
    says: /cannot change to '.*': Permission denied/,
    message: (repository) => `${repository} may not be read.`,
    help: 'Let the user that runs Fairlead read the folder.',
  },
  {
    says: /not a git repository/i,
    message: (repository) => `${repository} is not a git repository.`,
    help: 'Give a work tree, a folder inside one, or a bare repository.',
  },
  {
    says: /dubious ownership|unsafe repository/,
    message: (repository) => `git refuses ${repository}, because another user owns it.`,
    help: 'Update git to 2.38 or newer, or run Fairlead as the owner of the repository.',
  },
]

function failure(repository: string, args: readonly string[], exit: number | null, stderr: string): AppError {
  const trouble = TROUBLES.find(({ says }) => says.test(stderr))
  const detail = { repository, command: args[0] ?? null, exit }
  if (trouble) return new AppError('git', trouble.message(repository), { help: trouble.help, detail })
  if (exit === USAGE_ERROR)
    return new AppError('git', `This git does not know what \`git ${args[0]}\` was asked.`, {
      help: 'Update git to 2.31 or newer.',
      detail,
    })
  const last =
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replaceAll(/:\/\/[^\s/@]*@/g, '://') ?? ''
  const reason = last === '' ? (exit === null ? 'it was killed' : `exit code ${exit}`) : last
  return new AppError('git', `git ${args[0]} failed in ${repository}: ${reason}`, {
    help: 'Run `git fsck` in the repository; when it is sound, the log has the details.',
    detail,
  })
}
