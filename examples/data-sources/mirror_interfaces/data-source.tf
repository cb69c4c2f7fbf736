# What is selected is pinned in the plan: it is applied as it was shown, however long it waits and whatever the fleet does meanwhile.
data "mirror_interfaces" "prod" {
  selector {
    tags = { Mirror = "True" }
  }
}

resource "mirror_coverage" "prod" {
  name                      = "prod"
  traffic_mirror_target_ids = [aws_ec2_traffic_mirror_target.sensor.id]
  selection                 = data.mirror_interfaces.prod.selection
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
