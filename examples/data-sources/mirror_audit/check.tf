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
