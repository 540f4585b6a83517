import { Command, CommanderError, Option } from 'commander'
import { loadConfig } from '../config.ts'
import { asAppError } from '../errors.ts'
import { PROGRAM_VERSION } from '../program.ts'
import { hideInput } from './input.ts'
import { printError } from './output.ts'

/**
 * The command line. Each command is a file, loaded when it is called: `--help` must not wait for an engine. Exit codes: 0 fine, 1 failed,
 * 2 wrong usage, 3 a check did not hold.
 */
export function createProgram(): Command {
  const program = new Command('fairlead')
    .description('Software-delivery metrics that open up to the rows behind them.')
    .version(PROGRAM_VERSION)
    .showHelpAfterError('(fairlead <command> --help shows an example)')
    // A command's own --version (of what is deployed) is not the program's.
    .enablePositionalOptions()
    .exitOverride()

  const json = () => new Option('--json', 'print JSON for programs')
  const run =
    <A extends unknown[]>(load: () => Promise<{ run: (config: ReturnType<typeof loadConfig>, ...args: A) => Promise<number | void> }>) =>
    async (...args: unknown[]) => {
      const command = await load()
      // Commander's last argument is the command itself.
      process.exitCode = (await command.run(loadConfig(), ...(args.slice(0, -1) as A))) ?? 0
    }
  const window = (command: Command) =>
    command
      .option('--days <n>', 'length of the window (default: 7, or what the options of the project say)')
      .option('--offset <n>', 'days by which the window ends before now (default: 0)')
      .option('--from <time>', 'begin of the window, RFC 3339; in place of --days')
      .option('--to <time>', 'end of the window, RFC 3339 (default: now)')
      .option('--tz <zone>', 'IANA time zone in which days and weeks are cut')
      .option('--service <name>', 'only this service')
      .option('--repo <name>', 'only this repository')
      .option('--project <name>', 'only what is of this project')
      .option('--team <slug>', 'only what this team or one below it owns')
      .option('--environment <name>', 'a tier, an alias of one such as prod, or all (default: production)')
      .option('--edition <name>', 'edition of the levels: a published year or one of your own')
      .option('--as-of <time>', 'what was known at that moment, by the time of receipt')

  program
    .command('up')
    .description('start the server: dashboard, API and ingest')
    .option('--port <n>', 'where to listen (or PORT); 0 takes a free port')
    .option('--host <address>', 'the address to bind (or HOST)')
    .addHelpText('after', '\nExample:\n  fairlead up --port 4000')
    .action(run(() => import('./up.ts')))

  program
    .command('scan')
    .description('report on a git history at once: nothing to set up, nothing kept')
    .argument('[path...]', 'repositories (default: here)')
    .option('--releases <rule>', 'what is a release: tags, merges, or a regular expression for tags', 'tags')
    .option('--days <n>', 'length of the window (default: chosen from the history)')
    .option('--edition <year>', 'DORA edition of the levels')
    .option('--html <file>', 'write the report as a page of its own')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead scan ~/src/my-service --html report.html')
    .action(run(() => import('./scan.ts')))

  program
    .command('demo')
    .description('load sample data, clearly marked, or take it out again')
    .option('--remove', 'take the sample data out again')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead demo && fairlead metrics dora --days 28')
    .action(run(() => import('./demo.ts')))

  program
    .command('emit')
    .description('send one event from a pipeline: a deployment, a rollback, an incident')
    .argument('<kind>', 'deploy, rollback, incident-opened or incident-closed')
    .option('--service <name>', 'what is deployed (default: the repository that the CI runner names)')
    .option('--sha <commit>', 'the deployed commit')
    .option('--environment <name>', 'where it went (default: prod)')
    .option('--status <outcome>', 'success, failure, cancelled, skipped or running', 'success')
    .option('--commit-at <time>', 'when the change was committed, RFC 3339')
    .option('--started-at <time>', 'when the attempt began')
    .option('--at <time>', 'when it happened, RFC 3339 (default: now)')
    .option('--ref <id>', 'joins an incident’s close to its opening; on a rollback, the deployment that it undoes')
    .option('--branch <name>', 'branch or tag')
    .option('--id <id>', 'the event’s own id, so that a repetition is harmless')
    .option('--deployment-id <id>', 'the deployment’s own id; on an incident, the deployment that caused it')
    .option('--version <version>', 'the deployed version')
    .option('--title <text>', 'what people call it')
    .option('--severity <text>', 'of an incident, as you name it')
    .option('--unplanned', 'made to fix something')
    .option('--url <url>', 'a page about it (default: the job of the CI runner)')
    .option('--spool <dir>', 'keep what could not be delivered here, and send it with the next call')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead emit deploy --service api --sha "$(git rev-parse HEAD)" --status success')
    .action(run(() => import('./emit.ts')))

  program
    .command('ingest')
    .description('send events in bulk, from a file or standard input')
    .argument('<file>', 'NDJSON, one event a line; - reads standard input')
    .option('--partial', 'store the valid events and name the others')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead ingest events.ndjson')
    .action(run(() => import('./ingest.ts')))

  program
    .command('import')
    .description('take over the database of another tool, or what is new in it; broken off, it goes on when it is run again')
    .argument(
      '<what>',
      'devlake: the MySQL or MariaDB of an Apache DevLake; flowlens: the PostgreSQL or YugabyteDB of a FlowLens; events: a table such as deploy_events, in either',
    )
    .option(
      '--from <uri>',
      'mysql://user:password@host:3306/lake or postgresql://user:password@host:5432/name, seen by everyone on this machine: better env:VARIABLE (default: what was given before; for devlake MYSQL_URI)',
    )
    .option('--source <name>', 'the source that it becomes (default: what is imported; of events the table)')
    .option(
      '--encryption-secret [from]',
      'ENCRYPTION_SECRET of DevLake, to take over connections and API keys: asks for it, or env:VARIABLE or file:PATH (default: DEVLAKE_ENCRYPTION_SECRET)',
    )
    .option('--table <name>', 'of events: the table, or schema.table (default: deploy_events)')
    .option('--column <field=name...>', 'of events: a column that has another name, such as service=app_name')
    .option('--full', 'from the beginning, not from where the last import ended')
    .option('--dry-run', 'say what there is, and change nothing')
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead import devlake --from mysql://lake@db.example.com:3306/lake --dry-run\n  fairlead import devlake --encryption-secret file:devlake.secret\n  fairlead import flowlens --from env:FLOWLENS_URI\n  fairlead import events --from env:METRICS_URI --table deploy_events --column service=app_name',
    )
    .action(run(() => import('./import.ts')))

  program
    .command('sync')
    .description('pull what is new from connected tools; a repository of this machine is connected by the way')
    .argument('<what>', 'git, prs, work-items, deployments, incidents, teams, or all')
    .option('--provider <name>', 'only sources of this connector; local for repositories of this machine')
    .option('--repo-path <path>', 'a repository on this machine (default: here)')
    .option('--source <name>', 'only this source; for a repository of this machine its name (default: made from the path)')
    .option('--releases <rule>', 'what is a release of a local repository: tags, merges, or a regular expression for tags')
    .option('--service <name>', 'the service that the releases of a local repository deploy')
    .option('--since <time>', 'backfill from this day or moment; the place of the usual pulls stays')
    .option('--until <time>', 'backfill up to this day or moment')
    .option('--full', 'from the beginning')
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead sync git --repo-path ~/src/my-service\n  fairlead sync all --source github\n  fairlead sync deployments --provider gitlab --since 2026-01-01',
    )
    .action(run(() => import('./sync.ts')))

  program
    .command('sources')
    .description('connect tools, and see how they are')
    .argument('<action>', 'list, add CONNECTOR [NAME], check NAME, preview NAME, health NAME, remove NAME, or connectors')
    .argument('[names...]', 'what the action is about')
    .option('--set <name=value...>', 'a setting; lists with commas or as JSON')
    .option('--secret <name...>', 'a credential: asked for, or name=env:VARIABLE, or name=file:PATH')
    .option('--config <file>', 'a JSON file with the settings')
    .option('--every <minutes>', 'how often the server pulls it; 0 for only when asked')
    .option('--no-check', 'save a source that could not be asked')
    .option('--data', 'with remove: what it told goes, too')
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead sources add github --set repositories=acme/shop --secret token=env:GITHUB_TOKEN\n  fairlead sources preview github --set \'deployments=[{"from":"run","name":"deploy"}]\'',
    )
    .action(run(() => import('./sources.ts')))

  program
    .command('gaps')
    .description('print what the figures do not know: deployments without a commit, incidents without a service, runs that no rule takes')
    .option('--days <n>', 'length of the window', '28')
    .option('--offset <n>', 'days by which the window ends before now')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead gaps --days 90')
    .action(run(() => import('./gaps.ts')))

  program
    .command('names')
    .description('read a name as another: an environment as a tier, an old name of a repository as its present one')
    .argument('<action>', 'list, set KIND NAME AS, or remove KIND NAME; KIND is environment or repository')
    .argument('[words...]', 'what the action is about')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead names set environment eu-west production')
    .action(run(() => import('./names.ts')))

  program
    .command('settings')
    .description('what the organization has chosen: levels, how incidents are linked; and who changed it')
    .argument('<action>', 'list, get KEY, set KEY VALUE, unset KEY, or history [KEY]')
    .argument('[words...]', 'what the action is about')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead settings set level_min_samples 10')
    .action(run(() => import('./settings.ts')))

  program
    .command('projects')
    .description('repositories and services that are looked at together: metrics --project NAME')
    .argument('<action>', 'list, save NAME, remove NAME, or settings NAME OPTIONS (JSON)')
    .argument('[words...]', 'what the action is about')
    .option('--repo <name...>', 'with save: its repositories')
    .option('--service <name...>', 'with save: its services')
    .option('--description <text>', 'with save: what it is')
    .option('--disabled', 'with settings: keep the options and do not use them')
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead projects save shop --service api web --repo acme/shop\n  fairlead projects settings shop \'{"cfr":{"window_days":30}}\'',
    )
    .action(run(() => import('./projects.ts')))

  program
    .command('teams')
    .description('say which team owns which repositories and services, and who is in it')
    .argument(
      '<action>',
      'list, show TEAM, save TEAM, remove TEAM, own TEAM KIND PATTERN, disown TEAM KIND PATTERN, members list TEAM, members add TEAM PERSON, members remove TEAM PERSON, import FILE, ownership, or drift',
    )
    .argument('[words...]', 'what the action is about; KIND is repository or service')
    .option('--name <text>', 'with save: what people call it')
    .option('--description <text>', 'with save: what it is for')
    .option('--parent <team>', 'with save: the team above it; empty for none')
    .option('--precedence <n>', 'with own: of two patterns that fit the higher wins (default: 0)')
    .option('--accept', 'with drift: make it as the forge says')
    .option('--source <name>', 'with drift: only what this source tells')
    .option('--team <slug>', 'with drift: only this team')
    .option('--role <text>', 'with members add: as what')
    .option('--from <time>', 'with members add: since when, a day or a moment (default: ever since)')
    .option('--to <time>', 'with members add: the first day or moment at which they are no longer in it')
    .option('--at <time>', 'with members remove: from when on they are no longer in it (default: now)')
    .option('--dry-run', 'with import: say what would change')
    .addOption(json())
    .addHelpText(
      'after',
      "\nExamples:\n  fairlead teams save payments --name Payments\n  fairlead teams own payments service 'pay-*'\n  fairlead teams members add payments ada@example.com --from 2026-01-01\n  fairlead teams import teams.yaml --dry-run",
    )
    .action(run(() => import('./teams.ts')))

  program
    .command('people')
    .description('say which e-mails and logins are one person, and which are programs')
    .argument(
      '<action>',
      'list [TEXT], suggest, dismiss SUGGESTION, merge PERSON OTHERS, split PERSON IDENTITIES, save PERSON, or import FILE (.mailmap)',
    )
    .argument('[words...]', 'people by e-mail, login (github:ada) or id')
    .option('--name <text>', 'with save: what they are called')
    .option('--bot', 'with save: it is a program')
    .option('--no-bot', 'with save: it is none')
    .option('--limit <n>', 'with list and suggest: how many (default: 100)')
    .option('--dry-run', 'with import: say what would change')
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead people list ada\n  fairlead people merge ada@example.com ada@old.example\n  fairlead people import .mailmap --dry-run\n  fairlead people save github:deployer --bot',
    )
    .action(run(() => import('./people.ts')))

  program
    .command('replay')
    .description("read what is kept of a source again, with today's code, settings and names")
    .argument('<source>', 'its name; events for what was pushed to /v1/events')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead replay github')
    .action(run(() => import('./replay.ts')))

  program
    .command('admin')
    .description('accounts, organizations, members and tokens')
    .argument(
      '<words...>',
      'users create|list|set-password|disable|enable|unlink, orgs create|list, members list|set|remove|invite, tokens create|list|revoke ID, mail test; also create-user, list-users, create-org, list-orgs',
    )
    .option('--email <address>', 'of the person')
    .option('--password <text>', 'of the account; everyone on this machine can see it: better leave it out and be asked, or pipe it in')
    .option('--password-hash <text>', 'in place of a password: as another program stored it (Argon2, PBKDF2-SHA256)')
    .option('--full-name <name>', 'of the person')
    .option('--superuser', 'the account runs the installation: every organization, every account')
    .option('--name <name>', 'of the organization, or of the token')
    .option('--slug <slug>', 'of the organization (default: made from its name)')
    .option('--owner-email <address>', 'who owns the organization; a person who has an account')
    .option('--time-zone <zone>', 'in which the organization cuts days and weeks (default: UTC)')
    .option('--org <slug>', 'the organization of members and tokens (default: the first, or FAIRLEAD_ORG)')
    .option('--role <role>', 'owner, admin, member or viewer')
    .option('--scopes <list>', 'of the token: ingest, read, admin')
    .option('--expires <day>', 'when the token ends (default: never)')
    .option('--to <address>', 'who gets the mail by which mail is tried')
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead admin create-user --email ada@example.com --superuser\n  fairlead admin orgs create --name "My Org" --owner-email ada@example.com\n  fairlead admin tokens create --org my-org --scopes ingest --name ci --expires 2027-12-31\n  fairlead admin mail test --to you@example.com',
    )
    .action(run(() => import('./admin.ts')))

  program
    .command('keys')
    .description('seal the credentials of sources under a new key; it can be interrupted and run again')
    .argument('<action>', 'rotate')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead keys rotate')
    .action(run(() => import('./keys.ts')))

  program
    .command('record')
    .description('write the answers of a live tool as the fixture of its connector, scrubbed; nothing is kept')
    .argument('<source>', 'its name')
    .option('--out <file>', 'where to write (default: standard output)')
    .option('--stream <name...>', 'only these streams')
    .option('--pages <n>', 'pages of each stream', '2')
    .option('--since <time>', 'only what changed since, RFC 3339')
    .addHelpText('after', '\nExample:\n  fairlead record github --stream pull_requests --out api.ndjson')
    .action(run(() => import('./record.ts')))

  window(
    program
      .command('metrics')
      .description('print figures: all DORA metrics (dora), one metric, or the catalogue (list)')
      .argument('<name>', 'dora, list, or a metric such as change_lead_time'),
  )
    .option('--by <key>', 'groups: service, repository, team, environment or method')
    .option('--basis <name>', 'what a sample is, where a metric knows several')
    .option('--variant <name>', 'the figure as another tool counts it, where there is one')
    .option('--bucket <name>', 'what the series is cut into: day, week or month')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead metrics dora --days 28\n  fairlead metrics change_lead_time --by service')
    .action(run(() => import('./metrics.ts')))

  window(
    program
      .command('explain')
      .description('print the rows behind a number, down to the raw payload')
      .argument('<metric>', 'a metric such as change_fail_rate'),
  )
    .option('--basis <name>', 'what a sample is, where a metric knows several')
    .option('--variant <name>', 'the figure as another tool counts it, where there is one')
    .option('--status <status>', 'only rows of this status: sample, missing, censored or listed')
    .option('--limit <n>', 'how many rows', '20')
    .option('--raw', 'print the raw item behind each row')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead explain change_fail_rate --days 28 --raw')
    .action(run(() => import('./explain.ts')))

  program
    .command('doctor')
    .description(
      'how the stores and the installation are: sizes, indexes, slow statements, disk, clocks, versions; each finding with its remedy; exit 3 when a check does not hold',
    )
    .option('--all', 'every table and index, not only the largest')
    .option('--strict', 'exit 3 also when there is a warning')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead doctor --strict')
    .action(run(() => import('./doctor.ts')))

  program
    .command('verify')
    .description('walk the hash chain of the log from its first record; exit 3 when it is broken')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead verify')
    .action(run(() => import('./verify.ts')))

  program
    .command('export')
    .description(
      'fill a MySQL or MariaDB beside the stores with the reference schema, or with the tables that DevLake’s boards read; run again, it changes what changed',
    )
    .argument('<what>', 'lake')
    .option('--schema <name>', 'reference or devlake', 'reference')
    .option('--to <uri>', 'mysql://user:password@host:3306/lake (default: MYSQL_URI)')
    .option('--full', 'write every row again, also where nothing changed')
    .addOption(json())
    .addHelpText(
      'after',
      '\nExample:\n  fairlead export lake --schema reference --to mysql://fairlead:secret@db.example.org:3306/lake\n  fairlead export lake --schema devlake --to mysql://fairlead:secret@db.example.org:3306/boards',
    )
    .action(run(() => import('./export.ts')))

  program
    .command('migrate')
    .description('bring the schema of the stores up to date, or look at it; the server must be stopped')
    .argument('[store]', 'semantic (postgres), analytics (clickhouse), or both when absent; lake (mysql) for the database of MYSQL_URI')
    .argument('[action]', 'up, status, current, plan, verify, repair, baseline or mark-applied', 'up')
    .option('--confirm <hash>', 'the hash of the plan, for steps that lose something')
    .option('--migration <version>', 'for repair, baseline and mark-applied')
    .option('--module <name>', 'whose number that is, where it is not of Fairlead itself')
    .option('--out-of-order', 'apply also what has a lower number than what is applied already')
    .addOption(json())
    .addHelpText('after', '\nExamples:\n  fairlead migrate analytics status\n  fairlead migrate lake plan')
    .action(run(() => import('./migrate.ts')))

  program
    .command('config')
    .description('print each effective setting and where it came from, secrets masked')
    .addOption(json())
    .addHelpText('after', '\nExample:\n  fairlead config --json')
    .action(run(() => import('./config.ts')))

  program
    .command('docs', { hidden: true })
    .description('write docs/reference from the program itself')
    .option('--check', 'exit 3 when docs/reference is not what the program says')
    .action(run(() => import('./docs.ts')))

  return program
}

/** Runs one command line. Errors become one message with its remedy and an exit code; a stack trace goes to the log only. */
export async function run(args: readonly string[]): Promise<void> {
  // `fairlead … | head` closes our output early: that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  hideInput()
  try {
    await createProgram().parseAsync(args, { from: 'user' })
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      process.exitCode = thrown.exitCode === 0 ? 0 : 2
      return
    }
    const error = asAppError(thrown)
    printError(error)
    process.exitCode = error.exit
  }
}
