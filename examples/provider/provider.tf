terraform {
  required_providers {
    mirror = {
      source = "mirror-toolkit/mirror"
    }
  }
}

provider "mirror" {
  region = "eu-west-1"
}
