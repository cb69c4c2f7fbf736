//! EC2 traffic mirroring.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use terraform_provider_mirror::framework::{Attr, COMPUTED, OPTIONAL_COMPUTED};

use super::Declared;

/// A traffic mirror target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Target {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its region.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    region: Attr<String>,
    /// Its ARN.
    #[schemars(extend("x-terraform" = COMPUTED))]
    arn: Attr<String>,
    /// Its account.
    #[schemars(extend("x-terraform" = COMPUTED))]
    owner_id: Attr<String>,
    /// What it is for.
    description: Attr<String>,
    /// The endpoint of a gateway load balancer that it delivers to.
    gateway_load_balancer_endpoint_id: Attr<String>,
    /// The network interface that it delivers to.
    network_interface_id: Attr<String>,
    /// The network load balancer that it delivers to.
    network_load_balancer_arn: Attr<String>,
    /// Its tags.
    tags: Attr<BTreeMap<String, Attr<String>>>,
    /// Its tags and the default ones.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    tags_all: Attr<BTreeMap<String, Attr<String>>>,
}

impl Declared for Target {
    const TYPE_NAME: &'static str = "aws_ec2_traffic_mirror_target";
}

/// A traffic mirror filter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Filter {
    /// Its id.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    id: Attr<String>,
    /// Its region.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    region: Attr<String>,
    /// Its ARN.
    #[schemars(extend("x-terraform" = COMPUTED))]
    arn: Attr<String>,
    /// What it is for.
    description: Attr<String>,
    /// The services whose packets it accepts.
    #[schemars(extend("uniqueItems" = true))]
    network_services: Attr<Vec<Attr<String>>>,
    /// Its tags.
    tags: Attr<BTreeMap<String, Attr<String>>>,
    /// Its tags and the default ones.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    tags_all: Attr<BTreeMap<String, Attr<String>>>,
}

impl Declared for Filter {
    const TYPE_NAME: &'static str = "aws_ec2_traffic_mirror_filter";
}
