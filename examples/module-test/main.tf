# A module of your own, as small as can be.
terraform {
  required_version = ">= 1.6"
  required_providers {
    mirror = {
      source = "mirror-toolkit/mirror"
    }
  }
}

variable "traffic_mirror_target_id" {
  type = string
}

variable "environment" {
  type    = string
  default = "prod"
}

resource "mirror_coverage" "this" {
  name                      = var.environment
  traffic_mirror_target_ids = [var.traffic_mirror_target_id]

  selector {
    tags = { Mirror = "True" }
  }
}

output "interface_ids" {
  value = keys(mirror_coverage.this.sessions)
}
