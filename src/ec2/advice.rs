//! An error in words for people: a title, and what to do next.

use super::{Action, Ec2Error, ErrorClass, ErrorKind, Limit, What};

impl Ec2Error {
    /// One line saying what failed, for the title of a diagnostic.
    pub fn title(&self) -> String {
        let service = self.service();
        let action = self.action().map_or("The AWS call", Action::name);
        match self.class() {
            ErrorClass::NotFound(what) => format!("No such {what}"),
            ErrorClass::InterfaceUnsupported => "The network interface cannot be mirrored".into(),
            ErrorClass::InterfaceIsTarget => "The network interface is a traffic mirror target".into(),
            ErrorClass::NumberInUse => "The session number is taken on the network interface".into(),
            ErrorClass::LimitExceeded(limit) => format!("The quota of {limit} is exhausted"),
            ErrorClass::ClientTokenReused => format!("{action} was asked for before with other parameters"),
            ErrorClass::Denied => match self.permission() {
                Some(permission) => format!("No permission for {permission}"),
                None => "No permission".into(),
            },
            ErrorClass::Credentials if *self.kind() == ErrorKind::NoCredentials => {
                "No AWS credentials".into()
            }
            ErrorClass::Credentials => "AWS does not accept the credentials".into(),
            ErrorClass::Throttled => format!("AWS throttles {action}"),
            ErrorClass::Unreachable if *self.kind() == ErrorKind::Interrupted => {
                format!("{service} did not finish its answer to {action}")
            }
            ErrorClass::Unreachable => format!("The {service} endpoint cannot be reached"),
            ErrorClass::NotEc2 => format!("The {service} endpoint does not answer as {service} does"),
            ErrorClass::ServerFault => format!("{service} failed inside during {action}"),
            ErrorClass::Configuration => match self.kind() {
                ErrorKind::NoRegion => "No AWS region".into(),
                ErrorKind::WrongAccount => "The AWS account is not allowed".into(),
                ErrorKind::Argument(_) => format!("{action} cannot be asked for"),
                _ => "The AWS configuration contradicts itself".into(),
            },
            ErrorClass::Other => format!("{action} failed"),
        }
    }

    /// What to do next, in full sentences.
    pub fn advice(&self) -> String {
        let service = self.service();
        match self.class() {
            ErrorClass::NotFound(What::Session) => "Refresh: the session was deleted outside of Terraform.".into(),
            ErrorClass::NotFound(what) => format!(
                "Check the id, the region and the account: a {what} is looked for in one region only{}.",
                if what == What::Target { ", and a shared one is gone when its owner no longer shares it" } else { "" }
            ),
            ErrorClass::InterfaceUnsupported => {
                "Only an interface of type \"interface\" on an instance type that supports Traffic Mirroring can be a \
                 source. Exclude this one."
                    .into()
            }
            ErrorClass::InterfaceIsTarget => {
                "An interface that belongs to a traffic mirror target cannot be a source. Exclude it.".into()
            }
            ErrorClass::NumberInUse => {
                "Choose another session_number, or leave it out to get one that is free on every interface.".into()
            }
            ErrorClass::LimitExceeded(limit) => limit_advice(limit).into(),
            ErrorClass::ClientTokenReused => "Plan again: the session may exist already.".into(),
            ErrorClass::Denied => match (self.action(), self.permission()) {
                (Some(Action::AssumeRole | Action::AssumeRoleWithWebIdentity), _) => {
                    "Check role_arn and external_id, that the trust policy of the role names these credentials, and that no \
                     policy denies them the role."
                        .into()
                }
                (_, Some(permission)) => format!(
                    "Allow {permission} to these credentials, and look for a policy that denies it: an explicit deny, a service \
                     control policy, a permissions boundary, a VPC endpoint policy."
                ),
                (_, None) => "Ask for the permission.".into(),
            },
            ErrorClass::Credentials if *self.kind() == ErrorKind::NoCredentials => {
                "Set profile, or access_key and secret_key, in the provider block, or AWS_PROFILE, or AWS_ACCESS_KEY_ID \
                 and AWS_SECRET_ACCESS_KEY in the environment, or sign in with \"aws sso login\"."
                    .into()
            }
            ErrorClass::Credentials => credentials_advice(self.code()).into(),
            ErrorClass::Throttled => {
                "Other calls of the same account and region use up the rate that EC2 allows. Apply again: what was \
                 done stays done."
                    .into()
            }
            ErrorClass::Unreachable if *self.kind() == ErrorKind::Interrupted => {
                if self.is_outcome_unknown() {
                    "What was asked for may have been done. Plan again to see what is there.".into()
                } else {
                    "Try again; if it stays, look at proxies on the way.".into()
                }
            }
            ErrorClass::Unreachable => format!(
                "Check the region, the network, HTTPS_PROXY and endpoints.{} in the provider block.",
                service.to_ascii_lowercase()
            ),
            ErrorClass::NotEc2 => format!(
                "Something else than the {service} API answers there (a proxy, a sign-in page, a wrong port), or it broke down. Check \
                 endpoints.{} in the provider block and HTTPS_PROXY.",
                service.to_ascii_lowercase()
            ),
            ErrorClass::ServerFault => "Try again in some minutes, and look at the AWS Health Dashboard.".into(),
            ErrorClass::Configuration => match self.kind() {
                ErrorKind::NoRegion => "Set region in the provider block, or AWS_REGION in the environment.".into(),
                ErrorKind::WrongAccount => {
                    "Use the credentials of another account, or change the list in the provider block.".into()
                }
                ErrorKind::Argument(_) => "Correct the value.".into(),
                _ => "Correct the provider block, the environment or the shared file that says so.".into(),
            },
            ErrorClass::Other => {
                "The code is AWS's own: its meaning is in the error codes of the Amazon EC2 API Reference.".into()
            }
        }
    }

    /// The cause, the endpoint where it matters, and what to do next: the detail of a diagnostic.
    pub fn detail(&self) -> String {
        let endpoint = match (self.class(), self.url(), self.region()) {
            (ErrorClass::Unreachable | ErrorClass::NotEc2 | ErrorClass::ServerFault, Some(url), _) => {
                format!("\nEndpoint: {url}")
            }
            (ErrorClass::Credentials, Some(url), Some(region)) => {
                format!("\nEndpoint: {url}\nRegion: {region}")
            }
            (ErrorClass::NotFound(_) | ErrorClass::Denied | ErrorClass::Credentials, _, Some(region)) => {
                format!("\nRegion: {region}")
            }
            _ => String::new(),
        };
        format!("{self}{endpoint}\n\n{}", self.advice())
    }

    /// The permission that was refused, as IAM names it; none when no call was made.
    ///
    /// AWS names it in the message, and then it need not be that of the call: what is created with tags needs CreateTags too.
    pub fn permission(&self) -> Option<String> {
        let named = self.message().split("is not authorized to perform: ").nth(1);
        let named = named.and_then(|rest| rest.split_whitespace().next());
        let is_permission = |text: &&str| {
            text.split_once(':').is_some_and(|(service, action)| {
                [service, action].iter().all(|part| {
                    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                })
            })
        };
        named
            .filter(is_permission)
            .map(str::to_owned)
            .or_else(|| self.action().map(Action::iam_name))
    }

    fn service(&self) -> &'static str {
        match self.action().map(Action::service) {
            Some("sts") => "STS",
            Some("elasticloadbalancing") => "ELBv2",
            _ => "EC2",
        }
    }
}

fn limit_advice(limit: Limit) -> &'static str {
    match limit {
        Limit::SessionsPerInterface => {
            "An interface has at most three sessions. Delete one of the others, or exclude the interface."
        }
        Limit::SessionsPerTarget | Limit::SourcesPerTarget => {
            "A network interface target takes 10 sources, or 100 on some large instance types. Add a target, or use a \
             Network Load Balancer or a Gateway Load Balancer endpoint, which have no such limit."
        }
        Limit::Sessions | Limit::Targets | Limit::Filters | Limit::FilterRules => {
            "The quota cannot be raised. Delete what is no longer needed."
        }
        Limit::Tags => "A resource has at most 50 tags. Use fewer.",
    }
}

fn credentials_advice(code: &str) -> &'static str {
    match code.to_ascii_lowercase().as_str() {
        "expiredtoken" | "expiredtokenexception" => "The session has expired: sign in again.",
        "requestexpired" => "Set the clock of this machine: it must agree with AWS's to five minutes.",
        "signaturedoesnotmatch" | "incompletesignature" => {
            "The secret key does not belong to the access key, or the clock of this machine is wrong."
        }
        "optinrequired" => "Enable the region for the account, or sign the account up for EC2.",
        _ => {
            "Check access key, secret key and session token, that they are of this partition, and that the region is \
             enabled for the account."
        }
    }
}
