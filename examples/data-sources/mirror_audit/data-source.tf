# A pipeline turns red when a tagged interface is not mirrored. A `check` block
# would only warn.
data "mirror_audit" "prod" {
  selector {
    tags = { Mirror = "True" }
  }

  depends_on = [mirror_coverage.prod]

  lifecycle {
    postcondition {
      condition     = self.compliant
      error_message = "Not every tagged interface is mirrored."
    }
  }
}
