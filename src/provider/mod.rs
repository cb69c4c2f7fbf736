//! The provider block: from its arguments to an account, and the types that it offers.

mod account_config;
mod connection;
pub(crate) mod core_process;
mod duration;
mod model;
#[cfg(target_os = "linux")]
mod process_files;
#[cfg(any(not(target_os = "linux"), test))]
mod process_table;
mod region;
mod roles;
mod tags;
mod validate;
mod walk;

use std::sync::Arc;

use async_trait::async_trait;

use crate::actions::Remove;
use crate::audit::Audit;
use crate::coverage::{Coverage, Coverages};
use crate::ec2::{Account, ErrorKind};
use crate::framework::{
    AnyAction, AnyDataSource, AnyFunction, AnyListResource, AnyResource, AttributePath, ConfigureRequest,
    Diagnostic, Diagnostics, Provider, ValidateConfigRequest, action, data_source, list_resource, resource,
};
use crate::functions;
use crate::interfaces::Interfaces;

use account_config::account_config;
pub use connection::{Connection, ec2_diagnostic};
pub use model::{EndpointsBlock, ProviderModel};
pub use region::{check_regions, looks_like_region, not_a_region};
pub use roles::{AssumeRoleBlock, WebIdentityBlock};
pub use tags::{DefaultTagsBlock, IgnoreTagsBlock, TagPolicy, TagsAttr, check_tags};
use walk::Core;
pub use walk::TELLING;

/// The provider `mirror`.
#[derive(Debug, Default)]
pub struct Mirror {
    connection: Arc<Connection>,
}

#[async_trait]
impl Provider for Mirror {
    type Model = ProviderModel;

    async fn validate_config(&self, request: ValidateConfigRequest<ProviderModel>) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        request.config.without_empty().validate(&mut diagnostics);
        diagnostics
    }

    async fn configure(&self, request: ConfigureRequest<ProviderModel>) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        self.connection.set_terraform_version(request.terraform_version);
        let hint = request.client_capabilities.deferral_allowed;
        let config = request.config.without_empty();
        config.validate(&mut diagnostics);
        if diagnostics.has_errors() {
            return diagnostics;
        }
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let tags = TagPolicy::new(&config.default_tags, &config.ignore_tags, environment);
        tags.validate(&mut diagnostics);
        if diagnostics.has_errors() {
            return diagnostics;
        }
        self.connection.set_tags(tags);
        if config.has_role_without_arn() {
            let detail = "The block has no role_arn, or an empty one, so no role is assumed. Give role_arn, or remove the block.";
            let path = AttributePath::root("assume_role").index(0).attribute("role_arn");
            diagnostics.push(Diagnostic::warning("No role is assumed", detail).at(path));
        }
        if config.has_unknown() {
            self.connection.wait_for_provider_block();
            return diagnostics;
        }
        let forbids = config.forbidden_account_ids.is_known();
        match Account::connect(account_config(config)).await {
            Ok(account) => {
                if Core::running().only_plans(self.connection.terraform_version(), hint) {
                    account.begin_plan();
                }
                self.connection.set(account);
            }
            Err(error) => {
                let argument = match error.kind() {
                    ErrorKind::NoRegion => Some("region"),
                    ErrorKind::WrongAccount if forbids => Some("forbidden_account_ids"),
                    ErrorKind::WrongAccount => Some("allowed_account_ids"),
                    _ => None,
                };
                let diagnostic = ec2_diagnostic("The provider cannot use the AWS account", &error);
                diagnostics.push(match argument {
                    Some(argument) => diagnostic.at(AttributePath::root(argument)),
                    None => diagnostic,
                });
            }
        }
        diagnostics
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource>> {
        vec![resource(Coverage::new(self.connection.clone()))]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource>> {
        vec![
            data_source(Interfaces::new(self.connection.clone())),
            data_source(Audit::new(self.connection.clone())),
        ]
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource>> {
        vec![list_resource(Coverages::new(self.connection.clone()))]
    }

    fn actions(&self) -> Vec<Box<dyn AnyAction>> {
        vec![action(Remove::new(self.connection.clone()))]
    }

    fn functions(&self) -> Vec<Box<dyn AnyFunction>> {
        functions::functions()
    }
}

/// The error for a read that the user interrupted: it changed nothing.
pub fn interrupted() -> Diagnostic {
    Diagnostic::error(
        "Interrupted",
        "The run was interrupted while AWS was being read. Nothing was changed; run it again.",
    )
}

/// The error for a data source whose provider block is not known yet: core refuses unknown answers.
pub fn provider_block_unknown() -> Diagnostic {
    Diagnostic::error(
        "The provider block is not known yet",
        "The provider block of mirror has values that are known only after apply, so the account cannot be read while \
         planning. Give the data source depends_on with the resource that those values come from: it is then read during \
         apply.",
    )
}
