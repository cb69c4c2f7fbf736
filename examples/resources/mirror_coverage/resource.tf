# Target and filter are the AWS provider's.
resource "aws_ec2_traffic_mirror_target" "sensor" {
  network_load_balancer_arn = var.network_load_balancer_arn

  # A target that is replaced must exist before the sessions leave the old one: EC2 deletes no target that is in use, and without
  # this line Terraform would try to before it updates the coverage.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_ec2_traffic_mirror_filter" "all" {
  description      = "everything"
  network_services = ["amazon-dns"]

  # The same holds for a filter.
  lifecycle {
    create_before_destroy = true
  }
}

resource "mirror_coverage" "prod" {
  name                      = "prod"
  traffic_mirror_target_ids = [aws_ec2_traffic_mirror_target.sensor.id]

  # Without this line the coverage owns a filter that accepts everything.
  traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.all.id

  selector {
    tags = { Mirror = "True" }
  }

  exclude {
    tags = { Environment = "dev*" }
  }
}

variable "network_load_balancer_arn" {
  type        = string
  description = "The load balancer that the sensors stand behind."
}
