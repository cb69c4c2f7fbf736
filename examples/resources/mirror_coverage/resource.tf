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

resource "aws_ec2_traffic_mirror_filter_rule" "all" {
  for_each = toset(["ingress", "egress"])

  traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.all.id
  traffic_direction        = each.key
  rule_number              = 100
  rule_action              = "accept"
  source_cidr_block        = "0.0.0.0/0"
  destination_cidr_block   = "0.0.0.0/0"
}

resource "mirror_coverage" "prod" {
  name                      = "prod"
  traffic_mirror_target_ids = [aws_ec2_traffic_mirror_target.sensor.id]
  traffic_mirror_filter_id  = aws_ec2_traffic_mirror_filter.all.id

  selector {
    tags = { Mirror = "True" }
  }
}
