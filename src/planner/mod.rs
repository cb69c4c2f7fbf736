//! The pure core: it decides which interface gets which session, from values alone.
//!
//! A reader follows one path. The account is observed as [`Interface`]s and [`MirrorSession`]s. [`Selector`]s pick
//! interfaces, the result is a [`Fleet`]: everything that a plan needs to know of the cloud. [`plan`] turns a [`Wish`]
//! (the configuration), the fleet and the sessions of the state into the [`Row`]s of the planned state. At apply,
//! [`reconcile`] compares those rows with the sessions that EC2 reports and lists the calls to make. [`deviations`] says in
//! words where a session differs from what was asked for, and [`assess`] judges an interface for the audit.
//!
//! Nothing here performs I/O, reads a clock or knows the AWS SDK, so that the same input gives the same plan twice.

mod adoption;
mod as_found;
mod assess;
mod data_table;
mod delivery;
mod deviation;
mod eligibility;
mod few;
mod fleet;
mod gone;
mod ignored_tags;
mod instance_type;
mod intended;
mod interface;
mod late;
mod length_change;
mod limit;
mod limits;
mod orphan;
mod others;
mod override_rule;
mod owned_filter;
mod ownership;
mod packed;
mod packets;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod parity_tests;
mod placement;
mod plan;
mod reason;
mod receiver;
mod reconcile;
mod requirement;
mod room;
mod rows;
mod scans;
mod security_group;
mod selector;
mod session;
mod source_zones;
mod spec;
mod taken_number;
mod target_capacity;
mod template;
mod virtual_network;
mod wildcard;

pub use adoption::{Adoption, crowded};
pub use as_found::{AllAsFound, AsFound, Decided, FilterAsFound};
pub use assess::{Assessment, Counts, Finding, OverallStatus, View, assess};
pub use delivery::{Delivery, Fact, Origin, Outcome};
pub use deviation::{by_interface, deviations, filter_deviation};
pub use eligibility::{Candidate, EligibilityRules, Surroundings, ineligible};
pub use fleet::{Fleet, FleetError, Hidden, Member};
pub use gone::gone;
pub use ignored_tags::IgnoredTags;
pub use instance_type::{Support, instance_type_support, instance_types_date};
pub use intended::intended;
pub use interface::{Interface, Tags};
pub use late::{KnownFirst, Receivers};
pub use limit::{Limit, LimitError};
pub use limits::{LimitArgument, LimitVerdict, Limits, PlannedChange, Violation, check_limits};
pub use orphan::orphans;
pub use override_rule::{Override, Pick};
pub use owned_filter::{FilterRepair, filter_repair};
pub use ownership::{
    COVERAGE_ID_TAG, COVERAGE_TAG, CoverageId, NAME_TAG, Owner, Ownership, name_of_all, name_of_unnamed,
};
pub use packets::Acceptance;
pub use placement::{Placed, Placement, PlacementTarget, Source, place};
pub use plan::{Plan, Row, Skip, Summary, Wanted, Wish, plan, skips, summary};
pub use reason::{Reason, Verdict};
pub use receiver::{
    Guard, Listener, Receiver, ReceivingGroup, ReceivingInstance, ReceivingInterface, RegisteredSensor,
};
pub use reconcile::{Actions, Create, FieldChange, Modify, Retag, reconcile};
pub use requirement::Requirement;
pub use room::{SESSIONS_PER_INTERFACE, SESSIONS_PER_REGION};
pub use scans::{Scans, by_instance_tags, joined, note_requesters, scans};
pub use security_group::{IngressRule, Sender, VXLAN_PORT, accepts_vxlan, lets_in};
pub use selector::{EC2_DEFAULT_STATES, Filter, Meant, Selector, TagSource, selected};
pub use session::{
    FilterRule, MAX_SESSION_NUMBER, MirrorFilter, MirrorSession, MirrorTarget, TargetKind, TargetSite,
    next_session_number,
};
pub use source_zones::SourceZones;
pub use spec::{Blueprint, MAX_TAGS, SessionSpec};
pub use taken_number::{Holder, TakenNumber};
pub use target_capacity::sources_per_interface_target;
pub use template::{MAX_DESCRIPTION, MAX_TAG_VALUE, Template, TemplateError, TemplateValues};
pub use virtual_network::{
    MAX_VIRTUAL_NETWORK_ID, VirtualNetwork, VirtualNetworkError, VirtualNetworkId, VirtualNetworkRange,
    virtual_network_ids,
};
pub use wildcard::matches as matches_wildcard;
