# A pipeline turns red when a tagged interface is not mirrored. A `check` block would only warn.
data "mirror_audit" "prod" {
  selector {
    tags = { Mirror = "True" }
  }

  # Audit what the apply has done, not what was there before it.
  depends_on = [mirror_coverage.prod]

  lifecycle {
    postcondition {
      condition     = self.compliant
      error_message = "Not every tagged interface is mirrored."
    }
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
