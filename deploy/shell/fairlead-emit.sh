#!/bin/sh
# Records a deployment, a rollback or an incident in Fairlead, from any pipeline. Needs a POSIX shell, awk and curl.
# What it takes and what it answers is said by `fairlead-emit.sh --help`; how to put it into a pipeline by deploy/README.md.
# shellcheck disable=SC2034,SC2154,SC2317 # o_* and j_* are set and read by name; the traps call on_signal.

# A caller's `sh -x` would print the token.
{ set +x; } 2>/dev/null
set -u

usage() {
  cat <<'END'
Usage:
  fairlead-emit.sh deploy|rollback|incident-opened|incident-closed [options]
  fairlead-emit.sh run [options] -- COMMAND [ARGUMENT…]

run starts COMMAND, records what became of it as a deployment (success, failure, or cancelled after SIGTERM, SIGINT or SIGHUP),
and ends with the exit code of COMMAND.

Settings from the environment:
  FAIRLEAD_URL           the server, for example https://fairlead.example.org
  FAIRLEAD_TOKEN         a token with the scope ingest
  FAIRLEAD_EVENT_<NAME>  any option below, for example FAIRLEAD_EVENT_SERVICE for --service

Options; what is empty counts as not said, and what the CI runner tells is filled in:
  --service NAME         what is deployed (default: the name of the repository)
  --sha COMMIT           the deployed commit
  --status OUTCOME       success (default), failure, cancelled, skipped, running or unknown; also as GitHub, GitLab and Jenkins spell it
  --environment NAME     where it went (default: GitLab's environment, else prod)
  --id ID                the event's own id, so that a repetition is harmless
  --deployment-id ID     the deployment's own id; on an incident, the deployment that caused it
  --ref ID               joins an incident's close to its opening; on a rollback, the deployment that it undoes
  --caused-by ID         the deployment that this one repairs
  --commit-at TIME       when the change was committed, RFC 3339 (default: what the runner or the checked-out repository says)
  --started-at TIME      when the attempt began
  --at TIME              when it happened (default: now)
  --branch NAME          branch or tag
  --repo OWNER/NAME      the repository
  --actor NAME           who did it
  --url URL              a page about it (default: the job)
  --version TEXT  --title TEXT  --severity TEXT
  --unplanned            made to fix something
  --announce             run: record first that it runs, so that a killed runner leaves a trace
  --strict               fail when the event cannot be delivered
  --timeout SECONDS      how long to try (default: 60)
  --output FILE          append deployment-id=… and started-at=… to FILE
  --dry-run              print the event, send nothing

Exit codes: 0 delivered, or not delivered without --strict (a line on standard error says why). With --strict: 1 not delivered,
2 not understood (options, settings, or refused by the server as invalid). run: the exit code of COMMAND; 64 when there is none to
run; when COMMAND succeeded, --strict may turn 0 into 1 or 2.
END
}

OPTIONS='service sha status environment id deployment-id ref caused-by commit-at started-at at branch repo actor url version title severity unplanned announce strict timeout output dry-run'
NEWLINE='
'
# Seconds: one request; the whole delivery; the announcement, and the last word of a job that is being cancelled, which GitHub kills
# ten seconds after its first signal.
REQUEST_LIMIT=10
TIMEOUT=60
QUICK_LIMIT=4

say() { printf 'fairlead: %s\n' "$*" >&2; }

# What cannot be understood is a note for the pipeline, and an error for who asked for errors.
misuse() {
  say "$1"
  problem=2
}

lower() { printf '%s' "$1" | tr '[:upper:]' '[:lower:]'; }
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
seconds() { date +%s; }

# --- What was said: options first, then FAIRLEAD_EVENT_<NAME> ---------------------------------------------------------------------

read_environment() {
  for option in $OPTIONS; do
    name=$(printf '%s' "$option" | tr 'a-z-' 'A-Z_')
    eval "value=\${FAIRLEAD_EVENT_$name:-}"
    variable_of "$option"
    eval "$variable=\$value"
  done
}

variable_of() { # service → o_service, commit-at → o_commit_at
  case $1 in
    *-*) variable=o_${1%%-*}_${1#*-} ;;
    *) variable=o_$1 ;;
  esac
}

is_on() { case $1 in '' | 0 | false | no) return 1 ;; esac }

# --- What the CI runner tells: the same facts as `fairlead emit` ------------------------------------------------------------------

runner_facts() {
  r_sha='' r_repo='' r_ref='' r_url='' r_actor='' r_commit_at='' r_environment='' r_environment_name='' r_job=''
  if [ "${GITHUB_ACTIONS:-}" = true ]; then
    r_sha=${GITHUB_SHA:-} r_repo=${GITHUB_REPOSITORY:-} r_ref=${GITHUB_REF_NAME:-} r_actor=${GITHUB_ACTOR:-}
    if [ -n "${GITHUB_RUN_ID:-}" ]; then
      r_url="${GITHUB_SERVER_URL:-}/$r_repo/actions/runs/$GITHUB_RUN_ID"
      r_job="github:$r_repo:$GITHUB_RUN_ID:${GITHUB_RUN_ATTEMPT:-1}:${GITHUB_JOB:-}"
    fi
  elif [ "${GITLAB_CI:-}" = true ]; then
    r_sha=${CI_COMMIT_SHA:-} r_repo=${CI_PROJECT_PATH:-} r_ref=${CI_COMMIT_REF_NAME:-} r_actor=${GITLAB_USER_LOGIN:-}
    r_url=${CI_JOB_URL:-${CI_PIPELINE_URL:-}} r_commit_at=${CI_COMMIT_TIMESTAMP:-}
    [ -n "${CI_JOB_ID:-}" ] && r_job="gitlab:${CI_SERVER_HOST:-}:$CI_JOB_ID"
    gitlab_environment
  elif [ -n "${JENKINS_URL:-}" ]; then
    r_sha=${GIT_COMMIT:-} r_ref=${GIT_BRANCH:-} r_url=${BUILD_URL:-} r_actor=${BUILD_USER_ID:-}
    repo_of "${GIT_URL:-}"
    [ -n "${BUILD_URL:-}" ] && r_job="jenkins:$BUILD_URL"
  fi
}

# A name that Fairlead knows says its tier; of any other (`eu/live-2`) GitLab's own tier is the better word.
gitlab_environment() {
  r_environment=${CI_ENVIRONMENT_NAME:-}
  case $(lower "$r_environment") in
    production | prod | prd | live | main) ;;
    staging | stage | stg | preprod | pre-prod | pre-production | uat) ;;
    testing | test | tst | qa | integration | ci | development | dev | local | sandbox) ;;
    *)
      r_environment=${CI_ENVIRONMENT_TIER:-$r_environment}
      r_environment_name=${CI_ENVIRONMENT_NAME:-}
      ;;
  esac
}

repo_of() { # https://host/owner/name.git and git@host:owner/name.git → owner/name
  plain=${1%/}
  plain=${plain%.git}
  case $plain in
    *[/:]*/*) rest=${plain%/*} && r_repo=${rest##*[/:]}/${plain##*/} ;;
  esac
}

# The time of the commit, where the job has the repository: the author's, or the committer's when that is earlier.
commit_time() {
  case $1 in '' | *[!0-9a-fA-F]*) return ;; esac
  git log -1 --format='%at %aI%n%ct %cI' "$1" -- 2>/dev/null | sort -n | sed -n '1s/^[^ ]* //p'
}

random_id() {
  if [ -r /proc/sys/kernel/random/uuid ]; then
    read -r uuid </proc/sys/kernel/random/uuid && printf '%s' "$uuid"
  else
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
  fi
}

# Ids hold 200 characters; a longer one keeps its beginning and ends with a check sum of the whole.
short_id() {
  if [ "${#1}" -le 150 ]; then
    printf '%s' "$1"
  else
    printf '%.120s~%s' "$1" "$(printf '%s' "$1" | cksum | tr ' ' '-')"
  fi
}

# --- One event --------------------------------------------------------------------------------------------------------------------

outcome_of() {
  case $(lower "$1") in
    '' | success | successful | succeeded | passed) outcome=success ;;
    failure | failed | error | unstable) outcome=failure ;;
    cancelled | canceled | aborted | interrupted) outcome=cancelled ;;
    skipped | not_built) outcome=skipped ;;
    running | started | in_progress | pending) outcome=running ;;
    unknown) outcome=unknown ;;
    *)
      outcome=unknown
      misuse "--status $1 is not known: say success, failure, cancelled, skipped or running. Recorded as unknown."
      ;;
  esac
}

# Sets j_* (the fields of the event) from o_* (what was said) and r_* (what the runner tells).
event_of() { # kind
  case $1 in incident-*) incident=1 ;; *) incident='' ;; esac
  j_kind=$(printf '%s' "$1" | tr '-' '_')
  j_service=${o_service:-${r_repo##*/}}
  if [ -z "$j_service" ]; then
    misuse 'Which service? Outside a CI runner it must be said: --service NAME.'
    return 1
  fi
  j_environment=${o_environment:-$r_environment}
  j_git_sha=$o_sha j_commit_at=$o_commit_at j_repo=$o_repo j_ref=$o_branch j_outcome='' j_started_at=$o_started_at
  j_occurred_at=${o_at:-$(now)}
  j_deployment_id=$o_deployment_id
  job=${r_job:+$r_job${FAIRLEAD_JOB_INDEX:+:$FAIRLEAD_JOB_INDEX}:$j_service${j_environment:+:$j_environment}}
  if [ -z "$incident" ]; then
    outcome_of "$o_status"
    j_outcome=$outcome
    [ "$outcome" = running ] && j_started_at=${j_started_at:-$j_occurred_at}
    j_repo=${o_repo:-$r_repo}
    # The runner's commit is what a deployment ships. A rollback puts an earlier one back, which only its caller knows: the runner's would
    # make Fairlead look for another deployment than the one undone.
    if [ "$1" = deploy ]; then
      j_git_sha=${o_sha:-$r_sha} j_ref=${o_branch:-$r_ref}
      [ "$j_git_sha" != "$r_sha" ] || j_commit_at=${o_commit_at:-$r_commit_at}
    fi
    j_commit_at=${j_commit_at:-$(commit_time "$j_git_sha")}
    # Without a runner the event's own id also names the deployment.
    [ -n "$j_deployment_id" ] || [ -z "$job" ] || j_deployment_id=$(short_id "$([ "$1" = deploy ] || printf '%s:' "$1")$job")
    j_id=${o_id:-${j_deployment_id:+$(short_id "$1:$j_deployment_id:$outcome")}}
  else
    [ "$1" = incident-opened ] || [ -n "$o_ref" ] || misuse 'incident-closed closes nothing without --ref, the id that its opening gave.'
    j_id=${o_id:-${job:+$(short_id "$1:$job:$o_ref")}}
  fi
  # Chosen once: every try sends the same id, and the server counts it once.
  j_id=${j_id:-$(random_id)}
  j_ref_id=$o_ref j_caused_by=$o_caused_by j_url=${o_url:-$r_url} j_actor=${o_actor:-$r_actor}
  j_version=$o_version j_title=$o_title j_severity=$o_severity j_unplanned=''
  if is_on "$o_unplanned"; then j_unplanned=true; elif [ -n "$o_unplanned" ]; then j_unplanned=false; fi
  j_environment_name=''
  [ -n "$o_environment" ] || [ "$r_environment" = "$r_environment_name" ] || j_environment_name=$r_environment_name
  encode
}

# Sets $event (JSON without line breaks) and $quoted_event (the same, as curl reads it between the quotes of its config).
encode() {
  encoded=$(
    for field in id kind service git_sha environment outcome commit_at started_at occurred_at ref_id ref repo url actor deployment_id \
      version title severity unplanned caused_by environment_name; do
      eval "export j_$field"
    done
    # Byte by byte: what awk takes for a character is not the same everywhere, and bytes that are no UTF-8 must not reach the server.
    LC_ALL=C awk '
      function byte(at) { return substr(text, at, 1) in ord ? ord[substr(text, at, 1)] : 0 }
      function tail(at, low, high) { return byte(at) >= low && byte(at) <= high }
      # How many bytes the character at this place has; 0 when it is no UTF-8.
      function width(at,   b) {
        b = byte(at)
        if (b < 128) return 1
        if (b >= 194 && b <= 223) return tail(at + 1, 128, 191) ? 2 : 0
        if (b >= 224 && b <= 239)
          return tail(at + 1, b == 224 ? 160 : 128, b == 237 ? 159 : 191) && tail(at + 2, 128, 191) ? 3 : 0
        if (b >= 240 && b <= 244)
          return tail(at + 1, b == 240 ? 144 : 128, b == 244 ? 143 : 191) && tail(at + 2, 128, 191) && tail(at + 3, 128, 191) ? 4 : 0
        return 0
      }
      # max counts UTF-16 units, as the server does.
      function json(value, max,   out, at, units, size, c) {
        text = value; out = ""; units = 0
        for (at = 1; at <= length(text); at += size ? size : 1) {
          size = width(at)
          c = substr(text, at, size ? size : 1)
          units += size == 4 ? 2 : 1
          if (max && units > max) break
          if (!size) c = "\\ufffd"
          else if (c == "\"") c = "\\\""
          else if (c == "\\") c = "\\\\"
          else if (c == "\n") c = "\\n"
          else if (c == "\r") c = "\\r"
          else if (c == "\t") c = "\\t"
          else if (size == 1 && (byte(at) < 32 || byte(at) == 127)) c = sprintf("\\u%04x", byte(at))
          out = out c
        }
        return "\"" out "\""
      }
      function doubled(value,   out, at, c) {
        out = ""
        for (at = 1; at <= length(value); at++) {
          c = substr(value, at, 1)
          out = out (c == "\\" || c == "\"" ? "\\" : "") c
        }
        return out
      }
      BEGIN {
        for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i
        max["title"] = 500; max["actor"] = 200; max["severity"] = 50
        count = split("id kind service git_sha environment outcome commit_at started_at occurred_at ref_id ref repo url actor " \
          "deployment_id version title severity caused_by", names, " ")
        for (i = 1; i <= count; i++) {
          value = ENVIRON["j_" names[i]]
          if (value != "") event = event (event == "" ? "" : ",") "\"" names[i] "\":" json(value, max[names[i]])
        }
        if (ENVIRON["j_unplanned"] != "") event = event ",\"unplanned\":" ENVIRON["j_unplanned"]
        if (ENVIRON["j_environment_name"] != "")
          event = event ",\"attributes\":{\"environment_name\":" json(ENVIRON["j_environment_name"], 0) "}"
        event = "{" event "}"
        print event
        print doubled(event)
      }'
  ) || return 1
  event=${encoded%%"$NEWLINE"*}
  quoted_event=${encoded#*"$NEWLINE"}
}

# --- Delivery ---------------------------------------------------------------------------------------------------------------------

# Sets $address and $token, or says what is missing.
connection() {
  address=${FAIRLEAD_URL:-}
  token=${FAIRLEAD_TOKEN:-}
  while :; do # secrets are often stored with the line break that follows them
    case $token in
      *"$NEWLINE" | *' ' | *"$(printf '\r')") token=${token%?} ;;
      *) break ;;
    esac
  done
  while [ "${address%/}" != "$address" ]; do address=${address%/}; done
  case $address in
    '') misuse 'Nothing is sent: FAIRLEAD_URL is not set.' && return 1 ;;
    *[\"\\[:space:][:cntrl:]]*) misuse 'Nothing is sent: FAIRLEAD_URL holds characters that no address has.' && return 1 ;;
    http://?* | https://?*) ;;
    *) misuse 'Nothing is sent: FAIRLEAD_URL must begin with https:// or http://.' && return 1 ;;
  esac
  case $token in
    '') misuse 'Nothing is sent: FAIRLEAD_TOKEN is not set.' && return 1 ;;
    *[!A-Za-z0-9._~+/=-]*) misuse 'Nothing is sent: FAIRLEAD_TOKEN holds characters that no token has.' && return 1 ;;
  esac
  command -v curl >/dev/null 2>&1 || { say 'Nothing is sent: curl is not installed.' && problem=1 && return 1; }
}

# One request. Token and event go through standard input: a command line can be read by every user of the machine. Redirects are not
# followed, so that the token stays with the server that it was made for.
request() { # SECONDS → $curl_code, $http, $answer
  answer=$(
    curl -q --silent --show-error --include --globoff --proto '=http,https' --connect-timeout 5 --max-time "$1" \
      --write-out '\n%{http_code}' --config - 2>&1 <<END
url = "$address/v1/events"
request = "POST"
header = "Authorization: Bearer $token"
header = "Content-Type: application/json"
header = "User-Agent: fairlead-emit/1"
header = "Expect:"
data = "$quoted_event"
END
  )
  curl_code=$?
  http=${answer##*"$NEWLINE"}
}

# Waits longer after each failure, or as long as the server asks; what waiting cannot mend fails at once.
deliver() { # SECONDS
  end=$(($(seconds) + $1))
  pause=1
  while :; do
    left=$((end - $(seconds)))
    [ "$left" -ge 1 ] || left=1
    [ "$left" -le "$REQUEST_LIMIT" ] || left=$REQUEST_LIMIT
    request "$left"
    wait_for=$pause
    if [ "$curl_code" -ne 0 ]; then
      reason=$(printf '%s\n' "$answer" | sed -n 's/^curl: //p' | tail -n 1)
      reason="no answer from $address: ${reason:-curl ended with $curl_code}"
      case $curl_code in
        1 | 2 | 3 | 51 | 53 | 54 | 58 | 59 | 60 | 66 | 77 | 80 | 82 | 83 | 90 | 91) give_up "$reason" 1 && return 1 ;;
      esac
    else
      reason="$address answered $http$(detail)"
      case $http in
        2??) return 0 ;;
        400 | 413 | 415 | 422) give_up "$reason" 2 && return 1 ;;
        401) give_up "$reason Is FAIRLEAD_TOKEN right?" 1 && return 1 ;;
        403) give_up "$reason Does the token have the scope ingest?" 1 && return 1 ;;
        408 | 425 | 429 | 5??) wait_for=$(retry_after) && [ "${wait_for:-0}" -ge 1 ] || wait_for=$pause ;;
        *) give_up "$reason Is FAIRLEAD_URL right?" 1 && return 1 ;;
      esac
    fi
    if [ $(($(seconds) + wait_for)) -ge "$end" ]; then give_up "$reason" 1 && return 1; fi
    sleep "$wait_for"
    [ "$pause" -ge 16 ] || pause=$((pause * 2))
  done
}

give_up() {
  say "Not delivered: $1"
  problem=$2
}

# The seconds of a Retry-After header; nothing when there is none, or a date.
retry_after() {
  printf '%s\n' "$answer" | tr -d '\r' | sed -nE 's/^[Rr][Ee][Tt][Rr][Yy]-[Aa][Ff][Tt][Ee][Rr]: *([0-9]{1,6}) *$/\1/p' | tail -n 1
}

# What a problem document says, on one line.
detail() {
  text=$(printf '%s' "$answer" | tr -d '\000-\011\013-\037' | sed -nE 's/.*"detail":"(([^"\\]|\\.)*)".*/: \1/p' | tail -n 1)
  reasons=$(printf '%s' "$answer" | sed -nE 's/.*"reasons":\[([^]]*)\].*/ (\1)/p' | tail -n 1)
  printf '%.600s' "${text:-.}$reasons"
}

emit() { # KIND SECONDS
  event_of "$1" || return 1
  if [ -n "$o_output" ]; then
    printf 'deployment-id=%s\nstarted-at=%s\n' "$(printf '%s' "${j_deployment_id:-$j_id}" | tr -d '\000-\037')" "$j_started_at" >>"$o_output" ||
      say "$o_output cannot be written."
  fi
  if is_on "$o_dry_run"; then
    printf '%s\n' "$event"
    return 0
  fi
  connection || return 1
  deliver "$2" || return 1
  say "$1 of $j_service${j_outcome:+ ($j_outcome)} is recorded."
}

# --- run --------------------------------------------------------------------------------------------------------------------------

child=''
signal=''
# A command in the background ignores SIGINT, as POSIX says; it is told to end by SIGTERM instead.
on_signal() { # NAME NUMBER
  signal=${signal:-$2}
  [ -z "$child" ] || kill -s "$1" "$child" 2>/dev/null
}

# A wait that a signal ended is taken up again.
await_child() {
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || return
    [ -z "$signal" ] || return
  done
}

run_command() {
  # One deployment, one id, in what is announced and in what became of it.
  if [ -z "$o_deployment_id" ] && [ -z "$r_job" ]; then o_deployment_id=$(random_id); fi
  said_id=$o_id
  o_started_at=${o_started_at:-$(now)}
  if is_on "$o_announce" && [ "$problem" -eq 0 ]; then
    o_status=running
    [ -z "$said_id" ] || o_id=$said_id:running
    emit deploy "$QUICK_LIMIT"
    o_output=''
  fi
  trap 'on_signal TERM 15' TERM
  trap 'on_signal TERM 2' INT
  trap 'on_signal HUP 1' HUP
  # A command in the background would read from /dev/null. 9, because make hands on 3 and 4.
  if (: <&0) 2>/dev/null; then exec 9<&0; else exec 9</dev/null; fi
  "$@" <&9 9<&- &
  child=$!
  exec 9<&-
  [ -z "$signal" ] || kill -s TERM "$child" 2>/dev/null
  await_child
  limit=$TIMEOUT
  cancelled=$signal
  if [ -n "$cancelled" ]; then
    # It gets a moment to end, before the last word must be out.
    grace=3
    while [ "$grace" -gt 0 ] && kill -0 "$child" 2>/dev/null; do sleep 1 && grace=$((grace - 1)); done
    limit=$QUICK_LIMIT
  else
    child=''
  fi
  if [ -n "$cancelled" ]; then o_status=cancelled; elif [ "$code" -eq 0 ]; then o_status=success; else o_status=failure; fi
  o_id=$said_id
  # Misspelt options would record something else than was meant; the command ran all the same.
  [ "$understood" -eq 0 ] || emit deploy "$limit"
  if [ -n "$cancelled" ]; then
    signal=''
    await_child
    [ "$code" -ne 0 ] || code=$((128 + cancelled))
  fi
  [ "$code" -eq 0 ] || exit "$code"
}

# --- The command line -------------------------------------------------------------------------------------------------------------

problem=0
understood=1
read_environment
kind=${1:-}
[ $# -eq 0 ] || shift
case $kind in
  deploy | rollback | incident-opened | incident-closed | run) ;;
  -h | --help | help)
    usage
    exit 0
    ;;
  *)
    misuse "There is no kind '$kind'. Known: deploy, rollback, incident-opened, incident-closed, run; see --help."
    understood=0
    ;;
esac
while [ $# -gt 0 ]; do
  argument=$1
  shift
  case $argument in
    --) break ;;
    --unplanned | --announce | --strict | --dry-run)
      variable_of "${argument#--}"
      eval "$variable=1"
      continue
      ;;
    --*=*)
      option=${argument%%=*}
      option=${option#--}
      value=${argument#*=}
      ;;
    --*)
      option=${argument#--}
      if [ $# -eq 0 ] || [ "$1" = -- ]; then
        misuse "$argument wants a value."
        understood=0
        continue
      fi
      value=$1
      shift
      ;;
    *)
      misuse "'$argument' is not understood; see --help."
      understood=0
      continue
      ;;
  esac
  known=''
  for name in $OPTIONS; do [ "$name" != "$option" ] || known=1; done
  if [ -n "$known" ]; then
    variable_of "$option"
    eval "$variable=\$value"
  else
    misuse "There is no option --$option; see --help."
    understood=0
  fi
done

case $o_timeout in
  '') ;;
  *[!0-9]* | ?????*)
    misuse "--timeout $o_timeout is no number of seconds."
    understood=0
    ;;
  *) TIMEOUT=$o_timeout ;;
esac
strict=$o_strict
runner_facts
if [ "$kind" = run ]; then
  if [ $# -eq 0 ]; then
    say 'run needs a command after --.'
    exit 64
  fi
  run_command "$@"
elif [ "$understood" -eq 1 ]; then
  emit "$kind" "$TIMEOUT"
else
  say 'Nothing is sent.'
fi
if is_on "$strict"; then exit "$problem"; fi
exit 0
