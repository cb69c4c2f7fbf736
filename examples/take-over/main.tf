# Takes over traffic mirror sessions that no coverage made, in two runs. They stay as they are, and only their tags change:
#
#   terraform apply                                                        # shows what there is
#   terraform output -json unmanaged | jq '{taken_over: .}' >taken-over.auto.tfvars.json
#   terraform apply                                                        # after a look at that file

terraform {
  required_providers {
    mirror = { source = "mirror-toolkit/mirror" }
  }
}

provider "mirror" {
  region = "eu-west-1"
}

variable "taken_over" {
  description = "The sessions to take over, by their id, as the output unmanaged shows them."
  type = map(object({
    network_interface_id     = string
    traffic_mirror_target_id = string
    traffic_mirror_filter_id = string
    description              = string
  }))
  default = {}
}

locals {
  # A coverage has one filter, so each filter gets a coverage of its own, and every session keeps its filter.
  by_filter = { for session in var.taken_over : session.traffic_mirror_filter_id => session... }
}

resource "mirror_coverage" "taken_over" {
  for_each = local.by_filter

  name                      = "taken-over-${each.key}"
  traffic_mirror_target_ids = sort(distinct(each.value[*].traffic_mirror_target_id))
  traffic_mirror_filter_id  = each.key
  selector {
    network_interface_ids = sort(distinct(each.value[*].network_interface_id))
  }
  adopt = { descriptions = sort(distinct(each.value[*].description)) }
}

data "mirror_audit" "account" {
  selector {
    tags = { Mirror = "*" }
  }
  # So that it shows what is left after the apply.
  depends_on = [mirror_coverage.taken_over]
}

# Sessions of nobody's coverage. One without a description cannot be told from others: give it one in EC2 first.
output "unmanaged" {
  value = {
    for id, session in data.mirror_audit.account.unmanaged_sessions : id => {
      network_interface_id     = session.network_interface_id
      traffic_mirror_target_id = session.traffic_mirror_target_id
      traffic_mirror_filter_id = session.traffic_mirror_filter_id
      description              = session.description
    } if session.description != null
  }
}
