//! Every API action that the provider calls.

use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::Purpose;

/// An action of the AWS API, spelled as AWS spells it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumIter, EnumString, IntoStaticStr,
)]
pub enum Action {
    GetCallerIdentity,
    AssumeRole,
    AssumeRoleWithWebIdentity,
    DescribeInstances,
    DescribeNetworkInterfaces,
    DescribeSecurityGroups,
    DescribeSubnets,
    DescribeVpcEndpoints,
    DescribeLoadBalancers,
    DescribeLoadBalancerAttributes,
    DescribeListeners,
    DescribeTargetGroups,
    DescribeTargetGroupAttributes,
    DescribeTargetHealth,
    DescribeTrafficMirrorSessions,
    DescribeTrafficMirrorTargets,
    DescribeTrafficMirrorFilters,
    CreateTrafficMirrorSession,
    ModifyTrafficMirrorSession,
    DeleteTrafficMirrorSession,
    CreateTrafficMirrorFilter,
    DeleteTrafficMirrorFilter,
    CreateTrafficMirrorFilterRule,
    DeleteTrafficMirrorFilterRule,
    ModifyTrafficMirrorFilterNetworkServices,
    CreateTags,
    DeleteTags,
}

impl Action {
    /// The action's name, for example `DescribeInstances`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The service that has the action, as IAM calls it: `ec2`, `elasticloadbalancing` or `sts`.
    pub fn service(self) -> &'static str {
        match self {
            Self::GetCallerIdentity | Self::AssumeRole | Self::AssumeRoleWithWebIdentity => "sts",
            Self::DescribeLoadBalancers
            | Self::DescribeLoadBalancerAttributes
            | Self::DescribeListeners
            | Self::DescribeTargetGroups
            | Self::DescribeTargetGroupAttributes
            | Self::DescribeTargetHealth => "elasticloadbalancing",
            _ => "ec2",
        }
    }

    /// The permission in an IAM policy, for example `ec2:DescribeInstances`.
    pub fn iam_name(self) -> String {
        format!("{}:{}", self.service(), self.name())
    }

    /// The least purpose whose IAM policy has to allow the action. None for those of STS: GetCallerIdentity needs no
    /// permission, and the credentials that assume a role are not those that work with it.
    pub fn purpose(self) -> Option<Purpose> {
        match self {
            Self::GetCallerIdentity | Self::AssumeRole | Self::AssumeRoleWithWebIdentity => None,
            Self::DescribeInstances
            | Self::DescribeNetworkInterfaces
            | Self::DescribeSecurityGroups
            | Self::DescribeVpcEndpoints
            | Self::DescribeLoadBalancerAttributes
            | Self::DescribeListeners
            | Self::DescribeTargetGroups
            | Self::DescribeTargetGroupAttributes
            | Self::DescribeTargetHealth
            | Self::DescribeTrafficMirrorSessions
            | Self::DescribeTrafficMirrorTargets
            | Self::DescribeTrafficMirrorFilters
            | Self::DescribeLoadBalancers => Some(Purpose::Audit),
            Self::DescribeSubnets => Some(Purpose::Plan),
            Self::CreateTrafficMirrorSession
            | Self::ModifyTrafficMirrorSession
            | Self::DeleteTrafficMirrorSession
            | Self::CreateTrafficMirrorFilter
            | Self::DeleteTrafficMirrorFilter
            | Self::CreateTrafficMirrorFilterRule
            | Self::DeleteTrafficMirrorFilterRule
            | Self::ModifyTrafficMirrorFilterNetworkServices
            | Self::CreateTags
            | Self::DeleteTags => Some(Purpose::Apply),
        }
    }

    /// Whether the action changes something: those are what an apply needs beyond a plan.
    pub fn is_mutating(self) -> bool {
        self.purpose() == Some(Purpose::Apply)
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::Action;

    #[test]
    fn what_changes_something_is_not_called_describe_or_get() {
        for action in Action::iter() {
            let reads = ["Describe", "Get", "AssumeRole"]
                .iter()
                .any(|word| action.name().starts_with(word));
            assert_eq!(action.is_mutating(), !reads, "{action}");
        }
    }

    #[test]
    fn named_as_in_a_policy() {
        assert_eq!(Action::CreateTags.iam_name(), "ec2:CreateTags");
        assert_eq!(Action::GetCallerIdentity.iam_name(), "sts:GetCallerIdentity");
        assert_eq!(
            Action::DescribeLoadBalancers.iam_name(),
            "elasticloadbalancing:DescribeLoadBalancers"
        );
    }
}
