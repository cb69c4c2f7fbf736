# The audit as files: a page for people, metrics for Prometheus, findings for
# Security Hub. `write-reports.sh` applies this and writes the files.

terraform {
  required_providers {
    mirror = {
      source = "mirror-toolkit/mirror"
    }
  }
}

variable "region" {
  description = "Region of the fleet."
  type        = string
  default     = "eu-west-1"
}

variable "as_of" {
  description = "Time that the reports carry; write-reports.sh gives the present. Security Hub and AWS Config take a new verdict only with a later time."
  type        = string
  default     = null
}

provider "mirror" {
  region = var.region
}

data "mirror_audit" "fleet" {
  selector {
    tags = { Mirror = "True" }
  }

  as_of   = var.as_of
  formats = ["html", "json", "csv", "openmetrics", "asff", "ocsf", "aws_config"]
}

output "reports" {
  description = "The reports, by format."
  value       = data.mirror_audit.fleet.reports
}

output "compliant" {
  description = "Whether every tagged network interface that can be mirrored is."
  value       = data.mirror_audit.fleet.compliant
}

output "summary" {
  description = "The whole in numbers."
  value       = data.mirror_audit.fleet.summary
}
