//! What a plan refuses or warns of, in words.

use super::convert;
use super::model::CoverageModel;
use super::outcome::shown;
use super::refreshed::{Reasons, reasons};
use crate::framework::{AttributePath, Diagnostic, Diagnostics};
use crate::planner::{Fleet, Member, Plan, Reason, Row, Skip, TargetKind};
use crate::selection;

/// Longest packet to a network load balancer target, in bytes (CreateTrafficMirrorSession).
pub(super) const LOAD_BALANCER_LENGTH: i64 = 8500;

/// What the plan must not do becomes an error.
pub fn refuse(planned: &CoverageModel, fleet: &Fleet, plan: &Plan, diagnostics: &mut Diagnostics) {
    for violation in &plan.violations {
        let path = AttributePath::root("limits").key(violation.argument.to_string());
        diagnostics.push(Diagnostic::error(&violation.title, &violation.detail).at(path));
    }
    refuse_without_room(plan, diagnostics);
    let cut = planned
        .packet_length
        .known()
        .filter(|length| **length > LOAD_BALANCER_LENGTH);
    let load_balancer = fleet
        .targets
        .iter()
        .find(|(_, site)| site.kind == Some(TargetKind::NetworkLoadBalancer));
    if let (Some(length), Some((target, _))) = (cut, load_balancer) {
        let detail = format!(
            "packet_length is {length}, and {target} delivers to a network load balancer, which takes at most {LOAD_BALANCER_LENGTH}. \
             Lower it, or leave it out for the whole packet."
        );
        let path = AttributePath::root("packet_length");
        diagnostics.push(Diagnostic::error("Packets too long for the target", detail).at(path));
    }
    let never = plan.skipped.iter().filter(|(_, skip)| !skip.reason.may_pass());
    // Whoever switches the coverage off is not to be hindered by what it would not mirror.
    let is_enabled = planned.enabled.known() != Some(&false);
    if is_enabled && planned.on_ineligible.as_str() == Some("error") && never.clone().next().is_some() {
        let path = AttributePath::root("on_ineligible");
        let title = "Selected network interfaces cannot be mirrored";
        let detail = format!(
            "{}\n\nExclude them, or set on_ineligible = \"skip\".",
            listed(never)
        );
        diagnostics.push(Diagnostic::error(title, detail).at(path));
    }
}

/// Interfaces without room, and targets that others fill, become errors.
fn refuse_without_room(plan: &Plan, diagnostics: &mut Diagnostics) {
    for (reason, argument, title, advice) in [
        (
            Reason::TargetFull,
            "traffic_mirror_target_ids",
            "No room on the traffic mirror targets",
            "A target on a network interface takes 10 sources, or 100 on some large instance types. Add another target, move the sensor \
             to such a type, or use a Network Load Balancer or Gateway Load Balancer endpoint, which take any number. Or set \
             allow_partial = true to mirror as many as there is room for.",
        ),
        (
            Reason::Quota,
            "selector",
            "No room for more traffic mirror sessions",
            "The quotas of Traffic Mirroring cannot be raised. Delete sessions that are no longer needed, adopt them (see adopt), or \
             exclude the interfaces. Or set allow_partial = true to mirror as many as there is room for.",
        ),
        (
            Reason::NotVisible,
            "placement",
            "The zone of network interfaces is not visible",
            "Set placement to prefer_same_az or balanced, or exclude the interfaces.",
        ),
    ] {
        let these = plan.without_room.iter().filter(|(_, skip)| skip.reason == reason);
        if these.clone().next().is_some() {
            let detail = format!("{}\n\n{advice}", listed(these));
            diagnostics.push(Diagnostic::error(title, detail).at(AttributePath::root(argument)));
        }
    }
    for (target, found) in &plan.overfull {
        let detail = format!(
            "{target} {found}, move the sensor to an instance type that takes 100, use a load balancer, which takes any number, or set \
             allow_partial = true to mirror as many as there is room for."
        );
        let path = AttributePath::root("traffic_mirror_target_ids");
        diagnostics.push(Diagnostic::error("No room on a traffic mirror target", detail).at(path));
    }
}

/// Skipped interfaces, one a line.
fn listed<'a>(skipped: impl Iterator<Item = (&'a String, &'a Skip)> + Clone) -> String {
    let mut lines: Vec<String> = skipped
        .clone()
        .take(10)
        .map(|(interface, skip)| format!("{interface}: {} ({})", skip.reason, skip.detail))
        .collect();
    let more = skipped.count().saturating_sub(lines.len());
    if more > 0 {
        lines.push(format!("and {more} more in skipped"));
    }
    lines.join("\n")
}

/// What the plan does, or cannot do, that the user should look at before applying it.
pub fn warn(
    fleet: &Fleet,
    prior: Option<&CoverageModel>,
    skipped_before: &Reasons,
    planned: &CoverageModel,
    plan: &Plan,
    diagnostics: &mut Diagnostics,
) {
    let name = planned.name.as_str().unwrap_or_default();
    if !fleet.namesakes.is_empty() && planned.name.is_known() {
        let others: Vec<&str> = fleet.namesakes.iter().map(String::as_str).collect();
        diagnostics.warning(
            "Another coverage has the same name",
            format!(
                "Sessions of {} carry the name {name:?} too. They are left alone. If another state manages them, give one of the \
                 two another name. If their state was lost, import them: terraform import ADDRESS {}.",
                others.join(", "),
                others[0]
            ),
        );
    }
    if prior.is_none() && plan.empty && plan.skipped.is_empty() {
        diagnostics.warning(
            "No network interface is selected",
            format!(
                "Coverage {name} selects no network interface in {} now, so it creates no session. Check the tag's spelling \
                 (case matters), the region and the account {}.",
                fleet.region, fleet.account_id
            ),
        );
    }
    if fleet.tags_are_of_instances {
        diagnostics.push(selection::tags_are_of_instances_warning());
    }
    if reasons(planned) != *skipped_before && !plan.skipped.is_empty() {
        diagnostics.warning(
            format!(
                "{} selected network interfaces get no session",
                plan.skipped.len()
            ),
            listed(plan.skipped.iter()),
        );
    }
    diagnostics.extend(selection::unseen_warning(fleet));
    let before = prior
        .map(|prior| convert::rows(&prior.sessions))
        .unwrap_or_default();
    let same_keys = prior.is_some_and(|prior| prior.copy_tags == planned.copy_tags);
    let uncopied = plan.sessions.keys().filter(|id| {
        let had_session = before.get(*id).is_some_and(|row| row.id.is_some());
        !(same_keys && had_session) && fleet.interfaces.get(*id).is_some_and(Member::hides_instance)
    });
    diagnostics.extend(copies_nothing(planned, &uncopied.cloned().collect::<Vec<_>>()));
    warn_of_changes(name, before, fleet, plan, diagnostics);
    // They cost money until somebody deletes them, so every plan says so.
    if planned.enabled.known() != Some(&false) && !fleet.not_adopted.is_empty() {
        let left: Vec<String> = fleet
            .not_adopted
            .iter()
            .map(|(interface, sessions)| format!("{interface}: {}", sessions.join(", ")))
            .collect();
        diagnostics.warning(
            "Some sessions that adopt describes are left alone",
            format!(
                "An interface gets one session of coverage {name}. These further ones stay as they are, and AWS goes on charging for \
                 them:\n{}\n\nDelete them once the coverage's own deliver, or take adopt out of the configuration.",
                shown(&left)
            ),
        );
    }
}

/// That these interfaces are mirrored, but the tags of their instances are not there to be copied.
fn copies_nothing(planned: &CoverageModel, interfaces: &[String]) -> Option<Diagnostic> {
    let keys = selection::strings(&planned.copy_tags)?;
    if keys.is_empty() || interfaces.is_empty() {
        return None;
    }
    let detail = format!(
        "copy_tags names {}. Of {} selected network interfaces the instance is not visible to this account, so their sessions are made \
         without a copy of its tags: {}. To give those sessions tags, select them in a coverage of their own, with tags.",
        keys.join(", "),
        interfaces.len(),
        shown(interfaces)
    );
    let title = "Tags of instances that are not visible are not copied";
    Some(Diagnostic::warning(title, detail).at(AttributePath::root("copy_tags")))
}

/// The totals of a plan that deletes or moves sessions. `before` are the sessions of the state.
fn warn_of_changes(
    name: &str,
    before: convert::Rows,
    fleet: &Fleet,
    plan: &Plan,
    diagnostics: &mut Diagnostics,
) {
    let recorded: convert::Rows = before.into_iter().filter(|(_, row)| row.id.is_some()).collect();
    let created = plan.sessions.values().filter(|row| row.id.is_none()).count();
    let gone = recorded.keys().filter(|id| !plan.sessions.contains_key(*id));
    let mut deleted: Vec<String> = gone.cloned().collect();
    deleted.extend(fleet.surplus().map(second_session));
    let is_moved = |(id, row): &(&String, &Row)| {
        let before = recorded.get(*id).or_else(|| fleet.adoptable.get(*id));
        before.is_some_and(|before| {
            row.id.is_some() && before.traffic_mirror_target_id != row.traffic_mirror_target_id
        })
    };
    let moved = plan.sessions.iter().filter(is_moved);
    let moved: Vec<String> = moved.map(|(id, _)| id.clone()).collect();
    diagnostics.extend(totals(name, created, &deleted, &moved));
}

/// The totals of a plan that destroys the object: every session of the state goes, and every second one.
pub fn destroy_totals(prior: &CoverageModel, fleet: Option<&Fleet>) -> Option<Diagnostic> {
    let rows = convert::rows(&prior.sessions);
    let recorded = rows.into_iter().filter(|(_, row)| row.id.is_some());
    let mut deleted: Vec<String> = recorded.map(|(id, _)| id).collect();
    for (interface, sessions) in fleet.iter().flat_map(|fleet| &fleet.second_sessions) {
        deleted.extend(
            sessions
                .iter()
                .map(|session| second_session((interface, session))),
        );
    }
    totals(prior.name.as_str().unwrap_or_default(), 0, &deleted, &[])
}

fn second_session((interface, session): (&str, &str)) -> String {
    format!("{session} (a second one of {interface})")
}

/// One warning with all totals, before anybody has to scroll for them, where something is deleted or moved.
fn totals(name: &str, created: usize, deleted: &[String], moved: &[String]) -> Option<Diagnostic> {
    if deleted.is_empty() && moved.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    for (what, interfaces) in [("Deleted", deleted), ("Moved to another target", moved)] {
        if !interfaces.is_empty() {
            lines.push(format!("{what}: {}", shown(interfaces)));
        }
    }
    lines.push("See sessions for each of them.".to_owned());
    Some(Diagnostic::warning(
        format!(
            "Coverage {name}: {created} created, {} deleted, {} moved",
            deleted.len(),
            moved.len()
        ),
        lines.join("\n\n"),
    ))
}
