variable "instance_type" {
  type    = string
  default = "m5.large"
  validation {
    condition     = provider::mirror::instance_type_support(var.instance_type).support != "unsupported"
    error_message = provider::mirror::instance_type_support(var.instance_type).reason
  }
}

output "support" {
  value = provider::mirror::instance_type_support(var.instance_type)
}
