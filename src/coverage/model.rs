//! The one definition of `mirror_coverage`: schema, documentation, configuration and state.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::framework::{
    Any, Attr, BLOCK_LIST, BLOCK_SINGLE, COMPUTED, OPTIONAL_COMPUTED, OPTIONAL_FOR_IMPORT, OPTIONAL_OBJECT,
    REQUIRED, REQUIRED_FOR_IMPORT,
};
use crate::selection::SelectorBlock;

/// Mirrors the traffic of every network interface that its selectors mean: one traffic mirror session for each, listed in the
/// plan before it exists, kept in this state, repaired when it drifts, and removed when its interface is no longer meant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageModel {
    /// Name of the coverage: every session carries it in the tag `mirror:coverage`, and an import finds it by this name. At
    /// most 200 characters, without `@`. It is changed in place.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub name: Attr<String>,
    /// AWS region of the sessions. Defaults to the provider's. Another region is another object: it forces replacement.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    pub region: Attr<String>,
    /// Whether there are sessions. `false` removes them, whatever else is not known yet, and keeps the resource, which then needs neither
    /// selector nor target. Defaults to `true`.
    pub enabled: Attr<bool>,
    /// Network interfaces to mirror. Several blocks are alternatives; within a block every argument must match. Without a block there
    /// must be a `selection`: nothing is mirrored by default.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    pub selector: Attr<Vec<Attr<SelectorBlock>>>,
    /// Network interfaces that are not mirrored although a `selector` means them. Without a block, there are none.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    pub exclude: Attr<Vec<Attr<SelectorBlock>>>,
    /// The `selection` of a `mirror_interfaces` data source, instead of `selector` and `exclude`: exactly its network
    /// interfaces are mirrored, so that a saved plan stays exact however long it waits and wherever it is applied. What others do to
    /// sessions meanwhile is not pinned by it (see the troubleshooting guide). One that is gone is passed over. Left out, the `selector`
    /// blocks decide.
    pub selection: Attr<String>,
    /// Traffic mirror targets that the sessions deliver to. A session that exists stays on its target while that target is
    /// listed.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub traffic_mirror_target_ids: Attr<Vec<Attr<String>>>,
    /// How new sessions are spread over the targets: `prefer_same_az` (the default) takes a target in the zone of the network
    /// interface where one has room, else any; `same_az` only one in its zone; `balanced` the one with the fewest sessions of this
    /// coverage. A target on a network interface takes 10 sources, or 100 on some large instance types; targets on load balancers
    /// take any number.
    pub placement: Attr<String>,
    /// Lets a tag of the instance pick its target or filter among those listed here, and no other: an object with some of these
    /// attributes. Keys of tags match without regard to case. A tag that names another id is refused: the interface is skipped as
    /// `OVERRIDE_REFUSED`.
    ///
    /// - `target_tag`: key of the tag whose value is the id of the target.
    /// - `target_ids`: targets that it may name; those that are not in `traffic_mirror_target_ids` too get no other sessions.
    /// - `filter_tag`: key of the tag whose value is the id of the filter.
    /// - `filter_ids`: filters that it may name.
    ///
    /// Left out, no tag picks anything.
    #[serde(rename = "override")]
    pub override_rule: Any,
    /// Traffic mirror filter of every session. Left out, the coverage owns one that accepts everything (IPv4, IPv6 and DNS): it is
    /// repaired when it drifts, and deleted with the coverage or once a filter is given.
    pub traffic_mirror_filter_id: Attr<String>,
    /// Session number of every session, 1 to 32766. EC2 tries the sessions of one interface in ascending order and mirrors
    /// each packet once. Left out, each session gets the number after the highest that the interface has. With it, `create_before_destroy`
    /// cannot replace the coverage: the old sessions still have the number.
    pub session_number: Attr<i64>,
    /// Bytes of each packet that are mirrored, 1 to 8947, counted after the VXLAN header; to a network load balancer at most 8500. Left
    /// out, the whole packet.
    pub packet_length: Attr<i64>,
    /// VXLAN network identifier that every session gets, 1 to 16777215. Left out together with `virtual_network_id_range`, AWS draws
    /// one for each.
    pub virtual_network_id: Attr<i64>,
    /// Range of VXLAN network identifiers out of which every session gets one of its own, which it then keeps. Left out together with
    /// `virtual_network_id`, AWS draws one for each.
    #[schemars(extend("x-terraform" = OPTIONAL_OBJECT))]
    pub virtual_network_id_range: Attr<RangeModel>,
    /// Description of every session; `{instance_id}`, `{instance_name}` and `{network_interface_id}` are replaced, and `{{` stands
    /// for a brace. An instance without a name goes by its id; an interface whose instance is not visible is skipped as `NOT_VISIBLE` where
    /// a placeholder stands for the instance. Left out, none is written and what stands there is left alone.
    pub description: Attr<String>,
    /// `Name` tag of every session, with the placeholders of `description`. Left out, it is the instance id at creation, or the id of
    /// the network interface where the instance is not visible, and then left alone.
    pub name_tag: Attr<String>,
    /// Keys of instance tags that every session gets a copy of; none where the instance is not visible, and the plan that makes
    /// such a session says so. Tags of the same key in `tags` win. Left out, none is copied.
    pub copy_tags: Attr<Vec<Attr<String>>>,
    /// Tags of every session, beside `mirror:coverage`, `mirror:coverage-id` and `Name`, which is the instance id unless it is
    /// given here. A tag of the same key in the `default_tags` of the provider block gives way. EC2 takes 50 in all. Left
    /// out, there are only the others.
    pub tags: Attr<BTreeMap<String, Attr<String>>>,
    /// Instance types to mirror although they are not on AWS's list of supported ones, with `*` and `?`, for example `m8g.*`.
    /// Types on no list are tried anyway. Left out, unsupported ones are skipped.
    pub try_instance_types: Attr<Vec<Attr<String>>>,
    /// Whether network interfaces that an AWS service manages are tried too. Defaults to `false`; those of RDS and ElastiCache are
    /// tried anyway.
    pub include_requester_managed: Attr<bool>,
    /// Whether sensors are mirrored too: instances that own the network interface of a traffic mirror target of the account, or are
    /// registered behind the load balancer of one, listed here or not. Defaults to `false`: a sensor that is mirrored mirrors what
    /// it receives.
    pub include_sensors: Attr<bool>,
    /// What to do about selected network interfaces that can never be mirrored: `skip` (the default) lists them in `skipped`,
    /// `error` fails the plan.
    pub on_ineligible: Attr<String>,
    /// Whether selected network interfaces without room (`TARGET_FULL`, `QUOTA`) are listed in `skipped`. Defaults to `false`: they
    /// fail the plan.
    pub allow_partial: Attr<bool>,
    /// Existing sessions of selected network interfaces to take over, by changing their tags and then what else differs, so that no
    /// packet is missed: an object with one or both of these lists, with `*` and `?` as in EC2 filters.
    ///
    /// - `descriptions`: descriptions of sessions that belong to no coverage, for example `Created by AutoMirror`.
    /// - `coverage_names`: names of other coverages, which must be gone from their states before; one that is in the same state is an
    ///   error of the plan.
    ///
    /// Of several such sessions of one interface, one is taken over: one with a filter and a target of this coverage before others, and
    /// of those the one with the lowest number. The others are left alone; while there are any, every plan warns of them. Left out, nothing is taken over.
    pub adopt: Attr<BTreeMap<String, Attr<Vec<Attr<String>>>>>,
    /// Whether the plan asks EC2 by a dry run whether it would be allowed to create a session. Needs the permissions of an apply.
    /// Where the coverage's own filter is still to be made, it asks for that, and for the session with any filter of the account, if
    /// there is one. Defaults to `false`.
    pub preflight_dry_run: Attr<bool>,
    /// How much one plan may change: a map with some of these keys. `"100"` is a number, `"10%"` a share. `enabled = false` is never
    /// limited, and a key that is left out limits nothing.
    ///
    /// - `max_sessions`: sessions that the coverage may have; a share is of the eligible network interfaces. More is an error.
    /// - `max_creates`: sessions that one apply may create; a share is of the eligible network interfaces. The others wait for
    ///   the next apply, as `MAX_CREATES` in `skipped`; those whose session could not be made before come last.
    /// - `max_deletes`: sessions that one apply may delete, those without room any more, second ones of an interface and those of a
    ///   coverage that is replaced by `-replace` or for another `region` among them; a share is of the sessions that there are. More is an
    ///   error.
    /// - `max_sources_per_target`: sources that a target on a network interface takes, where AWS has raised the limit of an instance
    ///   type that this version of the provider does not know; a number. Left out, it is 10, or what AWS documents for the type.
    /// - `allow_empty`: `true` lets a plan delete every session because nothing is selected any more, or nothing that has room or its
    ///   turn, which otherwise is an error. It defaults to `false`.
    pub limits: Attr<BTreeMap<String, Attr<String>>>,
    /// How long one operation may take, for example `90m`. Unset: as long as it needs, and a create at most an hour and two seconds
    /// for each session; a thousand sessions take EC2 more than three minutes.
    #[schemars(extend("x-terraform" = BLOCK_SINGLE))]
    pub timeouts: Attr<TimeoutsBlock>,
    /// Id of this object, `mc-` and 17 hexadecimal digits. Every session carries it in the tag `mirror:coverage-id`; sessions
    /// without it are never changed or deleted, but for those that `adopt` takes over.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub id: Attr<String>,
    /// The traffic mirror sessions, by the id of their network interface.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub sessions: Attr<BTreeMap<String, Attr<SessionModel>>>,
    /// What differs from the configuration in EC2, in words, by the id of the network interface or filter: also that a session is
    /// gone. Empty after every apply; an entry is a change to apply.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub deviations: Attr<BTreeMap<String, Attr<String>>>,
    /// Sessions that the last apply could not create, change or delete, by the id of their network interface.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub failures: Attr<BTreeMap<String, Attr<FailureModel>>>,
    /// Selected network interfaces that get no session, and why, by their id.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub skipped: Attr<BTreeMap<String, Attr<SkipModel>>>,
    /// Id of the traffic mirror filter that is in use.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub filter_id: Attr<String>,
    /// How many network interfaces are selected, and how many of them can be mirrored.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub summary: Attr<SummaryModel>,
    /// Tags that the provider writes on every session: those of `tags` win over the `default_tags` of the provider block; those of its
    /// `ignore_tags` and those that mark the owner are not among them.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub tags_all: Attr<BTreeMap<String, Attr<String>>>,
}

/// How long one operation may take. What is not done by then is a failure, and is retried by the next apply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimeoutsBlock {
    /// Longest time that a create may take, for example `30m`. Left out, it is an hour and two seconds for each session.
    pub create: Attr<String>,
    /// Longest time that an update may take, for example `30m`. Left out, it takes as long as it needs.
    pub update: Attr<String>,
    /// Longest time that a destroy may take, for example `30m`. Left out, it takes as long as it needs.
    pub delete: Attr<String>,
}

/// A range of VXLAN network identifiers, both ends included.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RangeModel {
    /// Lowest identifier that may be used, at least 1.
    pub first: Attr<i64>,
    /// Highest identifier that may be used, at most 16777215.
    pub last: Attr<i64>,
}

/// A traffic mirror session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionModel {
    /// Id that EC2 gave the traffic mirror session.
    pub id: Attr<String>,
    /// Id of the instance that the network interface is attached to; null where it is not visible.
    pub instance_id: Attr<String>,
    /// Id of the traffic mirror target that the session delivers to.
    pub traffic_mirror_target_id: Attr<String>,
    /// Session number, 1 to 32766, which decides the order in which EC2 tries the sessions of the interface.
    pub session_number: Attr<i64>,
    /// VXLAN network identifier that the mirrored packets carry.
    pub virtual_network_id: Attr<i64>,
    /// Id of the traffic mirror filter that this session has, where it is not the coverage's.
    pub traffic_mirror_filter_id: Attr<String>,
}

/// A session that the last apply could not create, change or delete.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailureModel {
    /// Error code that AWS gave.
    pub code: Attr<String>,
    /// Message that AWS gave with it.
    pub message: Attr<String>,
}

/// A selected network interface that gets no session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SkipModel {
    /// Id of the instance that the network interface is attached to; null where it is not visible.
    pub instance_id: Attr<String>,
    /// Why it gets none, as one word of the vocabulary that the audit uses too, for example `UNSUPPORTED_INTERFACE`.
    pub reason: Attr<String>,
    /// What was found, in words.
    pub detail: Attr<String>,
}

/// Counts of network interfaces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SummaryModel {
    /// How many network interfaces are selected.
    pub matched: Attr<i64>,
    /// How many of them can be mirrored.
    pub eligible: Attr<i64>,
    /// How many of them cannot; `skipped` says why.
    pub skipped: Attr<i64>,
}

/// Identity of a coverage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageIdentity {
    /// AWS account that the sessions are in. Defaults to the provider's.
    #[schemars(extend("x-terraform" = OPTIONAL_FOR_IMPORT))]
    pub account_id: Attr<String>,
    /// AWS region that the sessions are in. Defaults to the provider's.
    #[schemars(extend("x-terraform" = OPTIONAL_FOR_IMPORT))]
    pub region: Attr<String>,
    /// Name that the coverage has in its configuration and in the tags of its sessions.
    #[schemars(extend("x-terraform" = REQUIRED_FOR_IMPORT))]
    pub name: Attr<String>,
}
