//! `mirror_interfaces`: the interfaces that a selector means, and the `selection` that pins them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ec2::Ec2Error;
use crate::framework::{
    Attr, AttributePath, BLOCK_LIST, COMPUTED, COMPUTED_SENSITIVE, DataSource, Diagnostic, Diagnostics,
    OPTIONAL_COMPUTED, ReadDataRequest, ReadDataResponse, ValidateConfigRequest,
};
use crate::planner::{Fleet, Member};
use crate::provider::{
    Connection, ec2_diagnostic, interrupted, looks_like_region, not_a_region, provider_block_unknown,
};
use crate::selection::{self, SelectorBlock};

/// Lists the network interfaces that selectors mean. Its `selection` pins them for a `mirror_coverage`: the result of a data
/// source is stored in the plan and not read again, so the interfaces that a plan lists stay the same however long it waits and wherever it is
/// applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InterfacesModel {
    /// Network interfaces to list. Several blocks are alternatives; within a block every argument must match. At least one is needed:
    /// nothing is listed by default.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    pub selector: Attr<Vec<Attr<SelectorBlock>>>,
    /// Network interfaces that are not listed although a `selector` means them. Without a block, there are none.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    pub exclude: Attr<Vec<Attr<SelectorBlock>>>,
    /// AWS region that is looked in. Defaults to the provider's.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    pub region: Attr<String>,
    /// Keys of the instance tags to list with each network interface. Defaults to `Name`.
    pub tag_keys: Attr<Vec<Attr<String>>>,
    /// Network interfaces that the blocks mean, by their id.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub interfaces: Attr<BTreeMap<String, Attr<InterfaceModel>>>,
    /// The same in compact form, for the argument `selection` of `mirror_coverage`. It changes only with the network
    /// interfaces. It holds no secret: it is marked sensitive so that plans show it as one line.
    #[schemars(extend("x-terraform" = COMPUTED_SENSITIVE))]
    pub selection: Attr<String>,
}

/// A network interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InterfaceModel {
    /// Id of the instance that the network interface is attached to; null where there is none or it is not visible.
    pub instance_id: Attr<String>,
    /// What the `Name` tag of the instance says, if `Name` is among `tag_keys`.
    pub instance_name: Attr<String>,
    /// Which type the instance has, for example `m5.large`.
    pub instance_type: Attr<String>,
    /// Which type the network interface has; only those of type `interface` can be mirrored.
    pub interface_type: Attr<String>,
    /// Id of the VPC that the network interface is in.
    pub vpc_id: Attr<String>,
    /// Id of the subnet that the network interface is in.
    pub subnet_id: Attr<String>,
    /// Name of the availability zone that it is in, for example `eu-west-1a`.
    pub availability_zone: Attr<String>,
    /// Id of the availability zone, for example `euw1-az2`: it means the same zone in every account, which a name does not.
    pub availability_zone_id: Attr<String>,
    /// Which tags the instance has of those that `tag_keys` names.
    pub tags: Attr<BTreeMap<String, Attr<String>>>,
}

impl InterfaceModel {
    fn of(member: &Member) -> Self {
        let text = |value: &Option<String>| Attr::from_option(value.clone());
        Self {
            instance_id: text(&member.instance_id),
            instance_name: Attr::from_option(member.tags.get("Name").cloned()),
            instance_type: text(&member.instance_type),
            interface_type: Attr::Known(member.interface_type.clone()),
            vpc_id: text(&member.vpc_id),
            subnet_id: text(&member.subnet_id),
            availability_zone: text(&member.availability_zone),
            availability_zone_id: text(&member.availability_zone_id),
            tags: Attr::Known(
                member
                    .tags
                    .iter()
                    .map(|(k, v)| (k.clone(), Attr::Known(v.clone())))
                    .collect(),
            ),
        }
    }
}

/// The data source type.
#[derive(Debug)]
pub struct Interfaces {
    connection: Arc<Connection>,
}

impl Interfaces {
    /// The data source type, for the account of this connection.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// The answer, and whether a selector reads tags where none are.
    async fn look(&self, mut model: InterfacesModel) -> Result<(InterfacesModel, bool), Diagnostic> {
        let account = self
            .connection
            .account(model.region.as_str())
            .ok_or_else(provider_block_unknown)?;
        let selectors = selection::selectors(&model.selector).unwrap_or_default();
        let excludes = selection::selectors(&model.exclude).unwrap_or_default();
        let mut keys: Vec<String> = match model.tag_keys.known() {
            Some(keys) => keys.iter().filter_map(|key| key.known().cloned()).collect(),
            None => vec!["Name".to_owned()],
        };
        keys.sort();
        let failed = "The network interfaces could not be read";
        let looked = async {
            let seen = selection::scan(&account, &selectors, &excludes).await?;
            let is_elsewhere = selection::tags_are_of_instances(&account, &selectors, &seen).await?;
            Ok((Fleet::select(&selectors, &excludes, &seen, &keys), is_elsewhere))
        };
        let (interfaces, is_elsewhere) = looked
            .await
            .map_err(|error: Ec2Error| ec2_diagnostic(failed, &error))?;
        model.region = account.region().into();
        let listed = interfaces
            .iter()
            .map(|(id, member)| (id.clone(), Attr::Known(InterfaceModel::of(member))));
        model.interfaces = Attr::Known(listed.collect());
        let fleet = Fleet {
            account_id: account.account_id().to_owned(),
            region: account.region().to_owned(),
            tag_keys: keys,
            interfaces,
            ..Fleet::default()
        };
        let text = fleet.encode().map_err(|error| {
            Diagnostic::error(
                failed,
                format!("The selection could not be written: {error}. Narrow the selector."),
            )
        })?;
        model.selection = Attr::Known(text);
        Ok((model, is_elsewhere))
    }
}

#[async_trait]
impl DataSource for Interfaces {
    type Model = InterfacesModel;

    const TYPE_NAME: &'static str = "mirror_interfaces";

    async fn validate_config(&self, request: ValidateConfigRequest<InterfacesModel>) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let config = &request.config;
        selection::validate("selector", &config.selector, &mut diagnostics);
        selection::validate("exclude", &config.exclude, &mut diagnostics);
        selection::require_selector(&config.selector, &mut diagnostics);
        selection::check_list(
            &config.tag_keys,
            &AttributePath::root("tag_keys"),
            &mut diagnostics,
        );
        if let Some(region) = config.region.as_str().filter(|region| !looks_like_region(region)) {
            diagnostics.push(not_a_region(region).at(AttributePath::root("region")));
        }
        diagnostics
    }

    async fn read(&self, request: ReadDataRequest<InterfacesModel>) -> ReadDataResponse<InterfacesModel> {
        let looked = request
            .cancel
            .run_until_cancelled(self.look(request.config))
            .await;
        match looked.unwrap_or_else(|| Err(interrupted())) {
            Ok((model, is_elsewhere)) => {
                let mut response = ReadDataResponse::from(Ok(model));
                if is_elsewhere {
                    response
                        .diagnostics
                        .push(selection::tags_are_of_instances_warning());
                }
                response
            }
            Err(diagnostic) => Err(diagnostic).into(),
        }
    }
}
