# The target and the filter are the AWS provider's.
resource "aws_ec2_traffic_mirror_target" "sensor" {
  network_load_balancer_arn = aws_lb.sensor.arn

  # A replaced target exists before the sessions leave the old one.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_ec2_traffic_mirror_filter" "all" {
  network_services = ["amazon-dns"]
}

# A filter without rules mirrors nothing, one with IPv4 rules only no IPv6.
locals {
  rules = {
    ipv4_in  = { direction = "ingress", number = 1, cidr = "0.0.0.0/0" }
    ipv4_out = { direction = "egress", number = 1, cidr = "0.0.0.0/0" }
    ipv6_in  = { direction = "ingress", number = 2, cidr = "::/0" }
    ipv6_out = { direction = "egress", number = 2, cidr = "::/0" }
  }
}

resource "aws_ec2_traffic_mirror_filter_rule" "all" {
  for_each = local.rules

  traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.all.id
  traffic_direction        = each.value.direction
  rule_number              = each.value.number
  rule_action              = "accept"
  source_cidr_block        = each.value.cidr
  destination_cidr_block   = each.value.cidr
}

resource "mirror_coverage" "prod" {
  name                      = "prod"
  traffic_mirror_target_ids = [aws_ec2_traffic_mirror_target.sensor.id]
  traffic_mirror_filter_id  = aws_ec2_traffic_mirror_filter.all.id

  selector {
    tags = { Mirror = "True" }
  }
}
