# What `make demo` runs, against the sandbox that it starts. The target and the
# filter are those of its sample fleet.

terraform {
  required_providers {
    mirror = {
      source = "mirror-toolkit/mirror"
    }
  }
}

variable "endpoint" {
  description = "Where the sandbox answers."
  type        = string
}

provider "mirror" {
  region = "eu-west-1"

  endpoints {
    ec2   = var.endpoint
    sts   = var.endpoint
    elbv2 = var.endpoint
  }
}

resource "mirror_coverage" "prod" {
  name                      = "prod"
  traffic_mirror_target_ids = ["tmt-0ffffffffffffff01"]
  traffic_mirror_filter_id  = "tmf-0ffffffffffffff01"

  selector {
    tags = { Mirror = "True" }
  }
}

data "mirror_audit" "prod" {
  selector {
    tags = { Mirror = "True" }
  }

  depends_on = [mirror_coverage.prod]
}

output "audit" {
  value = data.mirror_audit.prod.summary
}
