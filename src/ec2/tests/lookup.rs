//! Targets and filters by id.

use super::server::{Reply, Server, error, ids, response};
use crate::ec2::{ErrorClass, What};
use crate::planner::TargetKind;

fn targets(ids: &[&str]) -> Reply {
    let item = |id: &&str| {
        format!(
            "<item><trafficMirrorTargetId>{id}</trafficMirrorTargetId><type>network-interface</type>\
             <networkInterfaceId>eni-9</networkInterfaceId><ownerId>999999999999</ownerId></item>"
        )
    };
    let items: String = ids.iter().map(item).collect();
    response(
        "DescribeTrafficMirrorTargets",
        &format!("<trafficMirrorTargetSet>{items}</trafficMirrorTargetSet>"),
    )
}

#[tokio::test]
async fn an_empty_list_of_ids_would_mean_all() {
    let server = Server::start(|_, _, _| targets(&["tmt-1"])).await;
    let account = server.account().await;
    assert!(account.targets(&[]).await.unwrap().found.is_empty());
    assert!(account.filters(&[]).await.unwrap().found.is_empty());
    assert!(server.requests("DescribeTrafficMirrorTargets").is_empty());
    assert!(server.requests("DescribeTrafficMirrorFilters").is_empty());
}

#[tokio::test]
async fn targets_come_in_the_order_asked_for() {
    let server = Server::start(|_, _, _| targets(&["tmt-1", "tmt-2", "tmt-9"])).await;
    let lookup = server
        .account()
        .await
        .targets(&ids(&["tmt-2", "tmt-1", "tmt-2", "tmt-3"]))
        .await
        .unwrap();
    assert_eq!(
        lookup
            .found
            .iter()
            .map(|target| target.id.as_str())
            .collect::<Vec<_>>(),
        ["tmt-2", "tmt-1"]
    );
    assert_eq!(lookup.found[0].kind, Some(TargetKind::NetworkInterface));
    assert_eq!(lookup.found[0].owner_id.as_deref(), Some("999999999999"));
    assert_eq!(lookup.missing.len(), 1, "left out without an error");
    assert_eq!(lookup.missing[0].id, "tmt-3");
    assert_eq!(
        lookup.missing[0].error.class(),
        ErrorClass::NotFound(What::Target)
    );
    let requests = server.requests("DescribeTrafficMirrorTargets");
    assert_eq!(requests.len(), 1);
    assert!(!requests[0].contains("MaxResults"), "{}", requests[0]);
}

#[tokio::test]
async fn which_id_is_missing_is_found_out() {
    let server = Server::start(|_, body, _| match body {
        body if body.contains("tmt-2") => error(
            400,
            "InvalidTrafficMirrorTargetId.NotFound",
            "The TrafficMirrorTarget ID 'tmt-2' does not exist",
        ),
        body if body.contains("bad") => {
            error(400, "InvalidTrafficMirrorTargetId.Malformed", "Invalid id: bad")
        }
        _ => targets(&["tmt-1"]),
    })
    .await;
    let lookup = server
        .account()
        .await
        .targets(&ids(&["bad", "tmt-1", "tmt-2"]))
        .await
        .unwrap();
    assert_eq!(lookup.found.len(), 1);
    let missing: Vec<_> = lookup
        .missing
        .iter()
        .map(|missing| (missing.id.as_str(), missing.error.code()))
        .collect();
    assert_eq!(
        missing,
        [
            ("bad", "InvalidTrafficMirrorTargetId.Malformed"),
            ("tmt-2", "InvalidTrafficMirrorTargetId.NotFound")
        ]
    );
}

#[tokio::test]
async fn a_refused_look_up_is_an_error() {
    let server = Server::start(|_, _, _| error(403, "UnauthorizedOperation", "no")).await;
    let error = server
        .account()
        .await
        .targets(&ids(&["tmt-1", "tmt-2"]))
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Denied);
    assert_eq!(server.requests("DescribeTrafficMirrorTargets").len(), 1);
}

#[tokio::test]
async fn the_rules_of_a_filter_are_counted() {
    let server = Server::start(|action, _, _| {
        response(
            action,
            "<trafficMirrorFilterSet><item><trafficMirrorFilterId>tmf-1</trafficMirrorFilterId><ingressFilterRuleSet>\
             <item/><item/></ingressFilterRuleSet><egressFilterRuleSet><item/></egressFilterRuleSet><networkServiceSet>\
             <item>amazon-dns</item></networkServiceSet></item></trafficMirrorFilterSet>",
        )
    })
    .await;
    let lookup = server.account().await.filters(&ids(&["tmf-1"])).await.unwrap();
    assert_eq!(
        (lookup.found[0].rules.len(), lookup.found[0].amazon_dns),
        (3, true)
    );
}
