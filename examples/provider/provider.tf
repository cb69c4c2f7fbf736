terraform {
  required_providers {
    mirror = {
      source = "mirror-toolkit/mirror"
    }
  }
}

provider "mirror" {
  region = "eu-west-1"

  # Nothing is done in an account that got in by mistake.
  allowed_account_ids = ["111122223333"]

  # Every session has these tags too.
  default_tags {
    tags = {
      Team = "security"
    }
  }

  # And keeps those that a cost tool writes.
  ignore_tags {
    key_prefixes = ["cost:"]
  }
}

# A second account, by way of a role there.
provider "mirror" {
  alias  = "staging"
  region = "eu-west-1"

  assume_role {
    role_arn    = "arn:aws:iam::444455556666:role/mirror"
    external_id = "mirror-prod"
  }
}
