# The target is the AWS provider's.
resource "aws_ec2_traffic_mirror_target" "sensor" {
  network_load_balancer_arn = aws_lb.sensor.arn

  # A replaced target exists before the sessions leave the old one.
  lifecycle {
    create_before_destroy = true
  }
}

# Without traffic_mirror_filter_id the coverage owns a filter that accepts everything.
resource "mirror_coverage" "prod" {
  name                      = "prod"
  traffic_mirror_target_ids = [aws_ec2_traffic_mirror_target.sensor.id]

  selector {
    tags = { Mirror = "True" }
  }
}
