# By name, in the provider's region or in another one.
terraform import mirror_coverage.prod prod
terraform import mirror_coverage.prod prod@eu-central-1
