# The policy of a pipeline that plans, and no more: attach it by aws_iam_policy.
output "plan_policy" {
  value = provider::mirror::iam_policy("plan")
}
