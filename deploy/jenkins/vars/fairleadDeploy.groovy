/** fairleadDeploy(service: 'shop', environment: 'production') { sh './deploy.sh' } */
def call(Map args = [:], Closure body) {
  fairlead.deploy(args, body)
}
