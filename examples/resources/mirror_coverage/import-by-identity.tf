import {
  to = mirror_coverage.prod
  identity = {
    name       = "prod"
    region     = "eu-central-1"
    account_id = "111122223333"
  }
}
