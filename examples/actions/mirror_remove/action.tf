# terraform apply -invoke=action.mirror_remove.automirror
# The plan says how many would go; nothing goes before it is approved.
action "mirror_remove" "automirror" {
  config {
    descriptions = ["Created by AutoMirror*"]
    regions      = ["eu-west-1"]
    max_deletes  = 500
  }
}

# What mirrors nothing any more, of coverages whose name begins with "lab-".
action "mirror_remove" "lab_orphans" {
  config {
    coverage_names = ["lab-*"]
    orphans_only   = true
  }
}

# Run by a resource instead of by hand: each time the sensor is replaced.
resource "terraform_data" "sensor_generation" {
  input = "2026-03"
  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.mirror_remove.lab_orphans]
    }
  }
}
