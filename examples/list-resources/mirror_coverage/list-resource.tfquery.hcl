# terraform query -generate-config-out=found.tf
# found.tf then has an import block and a resource for each coverage; terraform apply makes them managed again.
list "mirror_coverage" "all" {
  provider = mirror
  limit    = 1000
  config {
    regions     = ["eu-west-1", "eu-central-1"]
    name_prefix = "prod-"
  }
}
