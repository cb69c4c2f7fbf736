data "mirror_audit" "prod" {
  selector {
    tags = { Mirror = "True" }
  }
}

# The same text as formats = ["csv"] gives, from an audit that is read already.
output "report" {
  value = provider::mirror::render_report("csv", data.mirror_audit.prod)
}
