# What is selected is pinned in the plan: it is applied as it was shown,
# however long it waits and whatever the fleet does meanwhile.
data "mirror_interfaces" "prod" {
  selector {
    tags = { Mirror = "True" }
  }
}

resource "mirror_coverage" "prod" {
  name                      = "prod"
  traffic_mirror_target_ids = [aws_ec2_traffic_mirror_target.sensor.id]
  traffic_mirror_filter_id  = aws_ec2_traffic_mirror_filter.all.id
  selection                 = data.mirror_interfaces.prod.selection
}
