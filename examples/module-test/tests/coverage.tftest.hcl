# Tests of the module against the sandbox: no AWS account is needed and nothing is left behind. See README.md for how to run them.

variables {
  # The sensor of the sandbox's sample fleet.
  traffic_mirror_target_id = "tmt-0ffffffffffffff01"
}

run "the_plan_lists_what_is_tagged" {
  command = plan

  assert {
    condition     = contains(keys(mirror_coverage.this.sessions), "eni-0eeeeeeeeeeeeee10")
    error_message = "web-1 is tagged and gets no session."
  }

  assert {
    condition     = !contains(keys(mirror_coverage.this.sessions), "eni-0eeeeeeeeeeeeee60")
    error_message = "An instance without the tag gets a session."
  }
}

run "everything_tagged_is_mirrored" {
  assert {
    condition     = length(output.interface_ids) == mirror_coverage.this.summary.eligible
    error_message = "A selected interface has no session."
  }

  assert {
    condition     = length(mirror_coverage.this.failures) == 0
    error_message = "EC2 refused a session."
  }
}

run "another_apply_changes_nothing" {
  assert {
    condition     = output.interface_ids == run.everything_tagged_is_mirrored.interface_ids
    error_message = "The second apply mirrors something else."
  }
}
