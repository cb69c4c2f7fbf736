# A report after every apply that only warns, for Terraform 1.5 and newer. What
# is not mirrored does not fail the run.
check "mirrored" {
  data "mirror_audit" "after" {
    selector {
      tags = { Mirror = "True" }
    }

    require = {
      coverage_names = ["prod"]
      untruncated    = true
    }

    depends_on = [mirror_coverage.prod]
  }

  assert {
    condition     = data.mirror_audit.after.compliant
    error_message = "Not every tagged interface is mirrored."
  }
}

resource "mirror_coverage" "prod" {
  name                      = "prod"
  traffic_mirror_target_ids = [aws_ec2_traffic_mirror_target.sensor.id]

  selector {
    tags = { Mirror = "True" }
  }
}

resource "aws_ec2_traffic_mirror_target" "sensor" {
  network_load_balancer_arn = var.network_load_balancer_arn

  # A target that is replaced must exist before the sessions leave the old one: EC2 deletes no target that is in use.
  lifecycle {
    create_before_destroy = true
  }
}

variable "network_load_balancer_arn" {
  type        = string
  description = "The load balancer that the sensors stand behind."
}
