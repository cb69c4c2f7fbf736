//! The four TrafficMirrorSession calls. Their rules are in `session_rules`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::tag_list;
use super::describe::{Listing, list, maybe, one};
use super::id_kinds::{FILTER, SESSION};
use super::{Call, session_rules as rules, tagging};
use crate::failure::Failure;
use crate::state::{Region, TrafficMirrorSession, TrafficMirrorTarget};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    network_interface_id: String,
    traffic_mirror_target_id: String,
    traffic_mirror_filter_id: String,
    session_number: i64,
    packet_length: Option<i64>,
    virtual_network_id: Option<i64>,
    description: Option<String>,
}

/// CreateTrafficMirrorSession.
pub fn create(call: &mut Call) -> Result<Value, Failure> {
    call.once(|call| {
        let input: Create = call.input()?;
        rules::session_number_in_range(input.session_number)?;
        rules::packet_length_in_range(input.packet_length)?;
        rules::virtual_network_id_in_range(input.virtual_network_id)?;
        let tags = tagging::specified(call, "traffic-mirror-session", &["traffic-mirror-session"])?;
        let interface = call.interface(&input.network_interface_id)?;
        let target = rules::target_is_visible(call, &input.traffic_mirror_target_id)?;
        call.own(&call.region.filters, &FILTER, &input.traffic_mirror_filter_id)?;
        call.dry_run()?;
        rules::interface_can_be_mirrored(call.region, interface)?;
        rules::interface_is_no_target(call.region, &interface.id)?;
        rules::session_number_is_free(call.region, &interface.id, input.session_number, None)?;
        rules::sessions_per_interface(call.region, &interface.id)?;
        rules::sessions_per_account(call)?;
        rules::sources_per_target(call.region, target)?;
        let packet_length = rules::packet_length_for(target, input.packet_length)?;
        let drawn = match input.virtual_network_id {
            Some(id) => id,
            None => rules::draw_virtual_network_id(call.region, call.ids, &call.caller.account),
        };
        let session = TrafficMirrorSession {
            id: call.ids.resource("tms"),
            owner: call.caller.account.clone(),
            network_interface_id: input.network_interface_id,
            target_id: input.traffic_mirror_target_id,
            filter_id: input.traffic_mirror_filter_id,
            number: input.session_number,
            packet_length,
            virtual_network_id: drawn,
            description: input.description,
            tags,
        };
        let answer =
            json!({"TrafficMirrorSession": render(call, &session), "ClientToken": call.client_token()});
        call.region.put_session(session);
        Ok(answer)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modify {
    traffic_mirror_session_id: String,
    traffic_mirror_target_id: Option<String>,
    traffic_mirror_filter_id: Option<String>,
    packet_length: Option<i64>,
    session_number: Option<i64>,
    virtual_network_id: Option<i64>,
    description: Option<String>,
    #[serde(default)]
    remove_fields: Vec<String>,
}

/// ModifyTrafficMirrorSession: everything but the interface, in place.
pub fn modify(call: &mut Call) -> Result<Value, Failure> {
    let input: Modify = call.input()?;
    rules::fields_can_be_removed(&input.remove_fields, |field| match field {
        "packet-length" => Some(input.packet_length.is_some()),
        "virtual-network-id" => Some(input.virtual_network_id.is_some()),
        "description" => Some(input.description.is_some()),
        _ => None,
    })?;
    if let Some(number) = input.session_number {
        rules::session_number_in_range(number)?;
    }
    rules::packet_length_in_range(input.packet_length)?;
    rules::virtual_network_id_in_range(input.virtual_network_id)?;
    let old = call
        .own(&call.region.sessions, &SESSION, &input.traffic_mirror_session_id)?
        .clone();
    let target_id = input
        .traffic_mirror_target_id
        .clone()
        .unwrap_or_else(|| old.target_id.clone());
    if input.traffic_mirror_target_id.is_some() {
        rules::target_is_visible(call, &target_id)?;
    }
    if let Some(filter) = &input.traffic_mirror_filter_id {
        call.own(&call.region.filters, &FILTER, filter)?;
    }
    call.dry_run()?;
    let mut session = old.clone();
    if let Some(number) = input.session_number {
        rules::session_number_is_free(call.region, &old.network_interface_id, number, Some(&old.id))?;
        session.number = number;
    }
    if input.packet_length.is_some() {
        session.packet_length = input.packet_length;
    }
    for field in &input.remove_fields {
        match field.as_str() {
            "packet-length" => session.packet_length = None,
            "virtual-network-id" => {
                session.virtual_network_id =
                    rules::draw_virtual_network_id(call.region, call.ids, &old.owner);
            }
            _ => session.description = None,
        }
    }
    // A target whose resource was deleted stays visible; one whose share was withdrawn does not.
    if let Some(target) = call.region.targets.get(&target_id) {
        if target_id != old.target_id {
            rules::sources_per_target(call.region, target)?;
            let before = call.region.targets.get(&old.target_id);
            rules::packet_length_leaves_with_the_nlb(before, target, session.packet_length)?;
        }
        session.packet_length = rules::packet_length_for(target, session.packet_length)?;
    }
    session.target_id = target_id;
    session.filter_id = input.traffic_mirror_filter_id.unwrap_or(session.filter_id);
    session.virtual_network_id = input.virtual_network_id.unwrap_or(session.virtual_network_id);
    session.description = input.description.or(session.description);
    let answer = json!({"TrafficMirrorSession": render(call, &session)});
    call.region.put_session(session);
    Ok(answer)
}

/// DeleteTrafficMirrorSession.
pub fn delete(call: &mut Call) -> Result<Value, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        traffic_mirror_session_id: String,
    }
    let id = call.input::<Input>()?.traffic_mirror_session_id;
    call.own(&call.region.sessions, &SESSION, &id)?;
    call.dry_run()?;
    call.region.drop_session(&id);
    Ok(json!({"TrafficMirrorSessionId": id}))
}

/// DescribeTrafficMirrorSessions.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    let (sessions, next) = list(call, &LISTING)?;
    Ok(json!({"TrafficMirrorSessions": sessions, "NextToken": next}))
}

const LISTING: Listing<TrafficMirrorSession> = Listing {
    ids: ("TrafficMirrorSessionIds", &SESSION),
    least: 5,
    table: |region| &region.sessions,
    shows: |call, session| call.owns(&session.owner) || call.owns(target_owner(call.region, session)),
    filters: &[
        ("description", |_, s| maybe(s.description.as_ref())),
        ("network-interface-id", |_, s| one(&s.network_interface_id)),
        ("owner-id", |_, s| one(&s.owner)),
        ("packet-length", |_, s| maybe(s.packet_length)),
        ("session-number", |_, s| one(s.number)),
        ("traffic-mirror-filter-id", |_, s| one(&s.filter_id)),
        ("traffic-mirror-session-id", |_, s| one(&s.id)),
        ("traffic-mirror-target-id", |_, s| one(&s.target_id)),
        ("virtual-network-id", |_, s| one(s.virtual_network_id)),
    ],
    tags: None,
    render,
};

/// A target's owner sees the sessions of the accounts it is shared with.
fn target_owner<'r>(region: &'r Region, session: &TrafficMirrorSession) -> &'r str {
    region
        .targets
        .get(&session.target_id)
        .map_or("", |target: &TrafficMirrorTarget| &target.owner)
}

fn render(call: &Call, session: &TrafficMirrorSession) -> Value {
    json!({
        "TrafficMirrorSessionId": session.id,
        "TrafficMirrorTargetId": session.target_id,
        "TrafficMirrorFilterId": session.filter_id,
        "NetworkInterfaceId": session.network_interface_id,
        "OwnerId": session.owner,
        "PacketLength": session.packet_length,
        "SessionNumber": session.number,
        "VirtualNetworkId": session.virtual_network_id,
        "Description": session.description,
        "Tags": tag_list(call.tags_seen(&session.owner, &session.id, &session.tags)),
    })
}
