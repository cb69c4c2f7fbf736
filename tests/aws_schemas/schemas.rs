//! The schemas of those resources of `hashicorp/aws` and `hashicorp/tfe` that the guides and examples use, so that `terraform validate` can judge what they show
//! where those providers cannot be had: names, types, required arguments, blocks and references. It judges nothing else: what
//! those check beyond their schemas, and what AWS would say, only they know.
//!
//! Arguments, blocks and attributes of AWS are those of version 6.25.0, after the documentation in the Terraform registry and compared with
//! the package `cdktf-cdktf-provider-aws` 21.22.1, which is generated from the schema itself. Blocks that no guide needs are left
//! out.

#![forbid(unsafe_code)]

mod events;
mod iam;
mod mirroring;
mod tfe;

use std::marker::PhantomData;
use std::process::ExitCode;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use terraform_provider_mirror::framework::{
    AnyDataSource, AnyResource, ApplyRequest, ApplyResponse, Attr, ConfigureRequest, Diagnostic, Diagnostics,
    Model, NoIdentity, PlanRequest, PlanResponse, Provider, ReadRequest, ReadResponse, Resource, resource,
    routes,
};
use terraform_provider_mirror::go_plugin::{self, Mode, ServeConfig};
use tokio_util::sync::CancellationToken;

/// A resource type of that provider.
trait Declared: Model {
    const TYPE_NAME: &'static str;
}

/// The provider block, as far as a guide could use it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct AwsModel {
    /// AWS region.
    region: Attr<String>,
}

struct Aws;

#[async_trait]
impl Provider for Aws {
    type Model = AwsModel;

    async fn configure(&self, _: ConfigureRequest<AwsModel>) -> Diagnostics {
        only_validates()
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource>> {
        vec![
            of::<events::Rule>(),
            of::<events::Connection>(),
            of::<events::ApiDestination>(),
            of::<events::Target>(),
            of::<iam::Role>(),
            of::<iam::RolePolicy>(),
            of::<mirroring::Target>(),
            of::<mirroring::Filter>(),
            of::<tfe::Workspace>(),
            of::<tfe::Variable>(),
            of::<tfe::VariableSet>(),
            of::<tfe::WorkspaceVariableSet>(),
        ]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource>> {
        Vec::new()
    }
}

fn of<M: Declared>() -> Box<dyn AnyResource> {
    resource(OnlySchema::<M>(PhantomData))
}

struct OnlySchema<M>(PhantomData<M>);

#[async_trait]
impl<M: Declared> Resource for OnlySchema<M> {
    type Model = M;
    type Identity = NoIdentity;
    const TYPE_NAME: &'static str = M::TYPE_NAME;
    const VERSION: i64 = 0;

    async fn read(&self, _: ReadRequest<M, NoIdentity>) -> ReadResponse<M, NoIdentity> {
        ReadResponse {
            diagnostics: only_validates(),
            ..ReadResponse::default()
        }
    }

    async fn plan(&self, _: PlanRequest<M, NoIdentity>) -> PlanResponse<M, NoIdentity> {
        PlanResponse {
            diagnostics: only_validates(),
            ..PlanResponse::default()
        }
    }

    async fn create(&self, _: ApplyRequest<M, NoIdentity>) -> ApplyResponse<M, NoIdentity> {
        refused()
    }

    async fn update(&self, _: ApplyRequest<M, NoIdentity>) -> ApplyResponse<M, NoIdentity> {
        refused()
    }

    async fn delete(&self, _: ApplyRequest<M, NoIdentity>) -> ApplyResponse<M, NoIdentity> {
        refused()
    }
}

fn refused<M>() -> ApplyResponse<M, NoIdentity> {
    ApplyResponse {
        diagnostics: only_validates(),
        ..ApplyResponse::default()
    }
}

fn only_validates() -> Diagnostics {
    Diagnostic::error(
        "Schemas only",
        "This stands in for hashicorp/aws and hashicorp/tfe in `terraform validate`, and can do nothing else.",
    )
    .into()
}

fn main() -> ExitCode {
    let ending = CancellationToken::new();
    let config = ServeConfig {
        host: "Terraform",
        address: "hashicorp/aws".to_owned(),
        protocol_version: 6,
        cookie_key: "TF_PLUGIN_MAGIC_COOKIE",
        cookie_value: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
        reattach_variable: "TF_REATTACH_PROVIDERS",
        ending: ending.clone(),
    };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    match runtime.block_on(go_plugin::serve(config, routes(Aws, ending), Mode::Plugin)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
