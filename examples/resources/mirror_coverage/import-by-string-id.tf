import {
  to = mirror_coverage.prod
  id = "prod@eu-central-1"
}
