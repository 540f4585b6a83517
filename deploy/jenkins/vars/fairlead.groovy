/*
 * Steps of a shared library; see ../../README.md. All that happens is in fairlead-emit.sh, which runs on the agent. What is said in
 * Groovy reaches it as environment variables, never as part of a command.
 */

/** Runs the body and records what became of it as a deployment. The body's own error goes on to the pipeline. */
def deploy(Map args = [:], Closure body) {
  String startedAt = attempt(false) { sh(script: 'date -u +%Y-%m-%dT%H:%M:%SZ', returnStdout: true).trim() }
  String status = 'success'
  try {
    body()
  } catch (error) {
    status = isAbort(error) ? 'cancelled' : 'failure'
    throw error
  } finally {
    emit([kind: 'deploy', status: status, startedAt: startedAt] + args)
  }
}

/** One event. For `post { always { … } }`: without a status, what the build says of itself. */
def emit(Map args = [:]) {
  attempt(args.strict) { send([kind: 'deploy', status: currentBuild.currentResult] + args) }
}

/** An agent that is gone, or has no shell, must not fail what was deployed, nor hide why it was not. */
def attempt(strict, Closure body) {
  try {
    return body()
  } catch (error) {
    if (strict || isAbort(error)) throw error
    echo "fairlead: ${error}"
    return null
  }
}

def isAbort(error) {
  return error instanceof org.jenkinsci.plugins.workflow.steps.FlowInterruptedException
}

def send(Map said) {
  writeFile file: '.fairlead/fairlead-emit.sh', text: libraryResource('fairlead/fairlead-emit.sh')
  withEnv([
    "FAIRLEAD_KIND=${said.kind}",
    "FAIRLEAD_EVENT_STATUS=${said.status}",
    "FAIRLEAD_EVENT_STARTED_AT=${said.startedAt ?: ''}",
    "FAIRLEAD_EVENT_SERVICE=${said.service ?: ''}",
    "FAIRLEAD_EVENT_ENVIRONMENT=${said.environment ?: ''}",
    "FAIRLEAD_EVENT_SHA=${said.sha ?: ''}",
    "FAIRLEAD_EVENT_REPO=${said.repo ?: ''}",
    "FAIRLEAD_EVENT_VERSION=${said.version ?: ''}",
    "FAIRLEAD_EVENT_TITLE=${said.title ?: ''}",
    "FAIRLEAD_EVENT_SEVERITY=${said.severity ?: ''}",
    "FAIRLEAD_EVENT_ID=${said.id ?: ''}",
    "FAIRLEAD_EVENT_DEPLOYMENT_ID=${said.deploymentId ?: ''}",
    "FAIRLEAD_EVENT_REF=${said.ref ?: ''}",
    "FAIRLEAD_EVENT_UNPLANNED=${said.unplanned == null ? '' : said.unplanned}",
    "FAIRLEAD_EVENT_STRICT=${said.strict ?: ''}",
  ]) {
    sh(label: 'Fairlead', script: 'sh .fairlead/fairlead-emit.sh "$FAIRLEAD_KIND"')
  }
}
