//! The four session calls: what is asked for, and what is made of the answers.

use super::server::{Reply, Server, error, response, tags};
use crate::ec2::{Deleted, ErrorClass, ErrorKind, NewSession, SessionChange};
use crate::planner::{FieldChange, MirrorSession};

fn session(id: &str, owner: &str) -> String {
    format!(
        "<trafficMirrorSessionId>{id}</trafficMirrorSessionId><networkInterfaceId>eni-1</networkInterfaceId>\
         <trafficMirrorTargetId>tmt-1</trafficMirrorTargetId><trafficMirrorFilterId>tmf-1</trafficMirrorFilterId>\
         <sessionNumber>7</sessionNumber><virtualNetworkId>16777215</virtualNetworkId><ownerId>{owner}</ownerId>\
         <description/><tagSet><item><key>a</key><value>b</value></item></tagSet>"
    )
}

fn sessions(sessions: &[(&str, &str)]) -> Reply {
    page(sessions, "")
}

const OWN: &str = "111122223333";
const OTHER: &str = "999999999999";

/// A page; `next` leads to another one, unless it is empty.
fn page(of: &[(&str, &str)], next: &str) -> Reply {
    let items: String = of
        .iter()
        .map(|(id, owner)| format!("<item>{}</item>", session(id, owner)))
        .collect();
    response(
        "DescribeTrafficMirrorSessions",
        &format!("<trafficMirrorSessionSet>{items}</trafficMirrorSessionSet><nextToken>{next}</nextToken>"),
    )
}

fn ids<'a>(sessions: impl IntoIterator<Item = &'a MirrorSession>) -> Vec<&'a str> {
    sessions.into_iter().map(|session| session.id.as_str()).collect()
}

#[tokio::test]
async fn one_listing_tells_own_sessions_and_what_others_send() {
    let all = [("tms-2", OWN), ("tms-3", OTHER), ("tms-1", OWN)];
    let server = Server::start(move |_, _, _| sessions(&all)).await;
    let account = server.account().await.reader();
    let own = account.sessions().await.unwrap();
    assert_eq!(ids(own.iter()), ["tms-1", "tms-2"]);
    let first = &own[0];
    assert_eq!(
        (
            first.session_number,
            first.virtual_network_id,
            first.packet_length
        ),
        (7, Some(16_777_215), None)
    );
    assert_eq!(first.description, None, "an empty element is no description");
    assert_eq!(first.tags, tags(&[("a", "b")]));
    let on_target = account.sessions_on_targets(&["tmt-1".to_owned()]).await.unwrap();
    assert_eq!(ids(&on_target), ["tms-1", "tms-2", "tms-3"]);
    let elsewhere = account.sessions_on_targets(&["tmt-2".to_owned()]).await.unwrap();
    assert!(elsewhere.is_empty());
    let requests = server.requests("DescribeTrafficMirrorSessions");
    assert_eq!(requests.len(), 1);
    assert!(requests[0].contains("MaxResults=1000") && !requests[0].contains("Filter"));
}

#[tokio::test]
async fn what_others_send_is_left_out_where_it_is_most_of_what_is_listed() {
    for (first, mostly_own) in [
        ([("tms-1", OWN), ("tms-2", OTHER)], true),
        ([("tms-2", OTHER), ("tms-3", OTHER)], false),
    ] {
        let server = Server::start(move |_, body, _| match body {
            body if body.contains("NextToken") => sessions(&[("tms-4", OWN), ("tms-5", OTHER)]),
            body if body.contains("owner-id") => sessions(&[("tms-1", OWN), ("tms-4", OWN)]),
            body if body.contains("traffic-mirror-target-id") => {
                sessions(&[("tms-4", OWN), ("tms-2", OTHER)])
            }
            _ => page(&first, "more"),
        })
        .await;
        let account = server.account().await.reader();
        assert_eq!(ids(account.sessions().await.unwrap().iter()), ["tms-1", "tms-4"]);
        let on_target = account.sessions_on_targets(&["tmt-1".to_owned()]).await.unwrap();
        let requests = server.requests("DescribeTrafficMirrorSessions");
        if mostly_own {
            assert_eq!(ids(&on_target), ["tms-1", "tms-2", "tms-4", "tms-5"]);
            assert_eq!(requests.len(), 2, "its pages");
        } else {
            assert_eq!(ids(&on_target), ["tms-2", "tms-4"]);
            assert_eq!(
                requests.len(),
                3,
                "the page, the own ones, and those on the target"
            );
            assert!(requests[1].contains(&format!("Filter.1.Name=owner-id&Filter.1.Value.1={OWN}")));
        }
    }
}

#[tokio::test]
async fn the_sessions_of_an_interface_are_everybodys() {
    let server = Server::start(|_, _, _| sessions(&[("tms-3", OTHER), ("tms-1", OWN)])).await;
    let account = server.account().await;
    let of_interface = account.sessions_of_interface("eni-1").await.unwrap();
    assert_eq!(of_interface.len(), 2, "the numbers of others count, too");
    assert!(
        account.sessions_of_interface("eni-2").await.unwrap().is_empty(),
        "filtered here again"
    );
    let requests = server.requests("DescribeTrafficMirrorSessions");
    assert!(
        requests[0].contains("Filter.1.Name=network-interface-id&Filter.1.Value.1=eni-1"),
        "{}",
        requests[0]
    );
}

#[tokio::test]
async fn two_hundred_targets_are_one_request() {
    for (targets, requests) in [(0, 0), (3, 1), (200, 1), (201, 2)] {
        let server = Server::start(|_, _, _| sessions(&[("tms-1", OWN)])).await;
        let ids: Vec<String> = (1..=targets).map(|number| format!("tmt-{number}")).collect();
        let account = server.account().await;
        let found = account.sessions_on_targets(&ids).await.unwrap();
        assert_eq!(server.requests("DescribeTrafficMirrorSessions").len(), requests);
        assert_eq!(found.len(), requests, "one for each answer");
    }
}

#[tokio::test]
async fn a_session_without_its_interface_is_an_error() {
    let body = "<trafficMirrorSessionSet><item><trafficMirrorSessionId>tms-1</trafficMirrorSessionId></item>\
                </trafficMirrorSessionSet>";
    let server = Server::start(move |action, _, _| response(action, body)).await;
    let error = server.account().await.sessions().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Incomplete("networkInterfaceId".into()));
}

#[tokio::test]
async fn a_session_is_created_with_its_tags() {
    let server = Server::start(|action, _, _| {
        let session = session("tms-1", "111122223333");
        response(
            action,
            &format!("<trafficMirrorSession>{session}</trafficMirrorSession><clientToken>t</clientToken>"),
        )
    })
    .await;
    let new = NewSession {
        network_interface_id: "eni-1".into(),
        traffic_mirror_target_id: "tmt-1".into(),
        traffic_mirror_filter_id: "tmf-1".into(),
        session_number: 7,
        tags: tags(&[("mirror:coverage", "prod"), ("Name", "")]),
        client_token: "token".into(),
        ..NewSession::default()
    };
    let account = server.account().await;
    assert_eq!(account.create_session(&new).await.unwrap().id, "tms-1");
    let request = server.requests("CreateTrafficMirrorSession").pop().unwrap();
    for part in [
        "NetworkInterfaceId=eni-1",
        "TrafficMirrorTargetId=tmt-1",
        "TrafficMirrorFilterId=tmf-1",
        "SessionNumber=7",
        "TagSpecification.1.ResourceType=traffic-mirror-session",
        "TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=&",
        "TagSpecification.1.Tag.2.Key=mirror:coverage&TagSpecification.1.Tag.2.Value=prod",
        "ClientToken=token",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
    for absent in ["PacketLength", "VirtualNetworkId", "Description", "DryRun"] {
        assert!(!request.contains(absent), "{absent} in {request}");
    }
    let error = account
        .create_session(&NewSession {
            session_number: 1 << 40,
            ..new
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Argument("SessionNumber".into()));
    assert_eq!(server.requests("CreateTrafficMirrorSession").len(), 1);
}

#[tokio::test]
async fn a_change_names_only_what_changes() {
    let server = Server::start(|action, _, _| {
        response(
            action,
            &format!(
                "<trafficMirrorSession>{}</trafficMirrorSession>",
                session("tms-1", "1")
            ),
        )
    })
    .await;
    let account = server.account().await;
    let change = SessionChange {
        id: "tms-1".into(),
        traffic_mirror_target_id: Some("tmt-2".into()),
        packet_length: FieldChange::Remove,
        description: FieldChange::Remove,
        virtual_network_id: Some(5).into(),
        ..SessionChange::default()
    };
    account.modify_session(&change).await.unwrap();
    let request = server.requests("ModifyTrafficMirrorSession").pop().unwrap();
    for part in [
        "TrafficMirrorSessionId=tms-1",
        "TrafficMirrorTargetId=tmt-2",
        "VirtualNetworkId=5",
        "RemoveField.1=packet-length&RemoveField.2=description",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
    for absent in [
        "PacketLength=",
        "Description=",
        "SessionNumber",
        "TrafficMirrorFilterId",
        "RemoveField.3",
    ] {
        assert!(!request.contains(absent), "{absent} in {request}");
    }
    account
        .modify_session(&SessionChange {
            id: "tms-1".into(),
            session_number: Some(9),
            ..Default::default()
        })
        .await
        .unwrap();
    assert!(!server.requests("ModifyTrafficMirrorSession")[1].contains("RemoveField"));
}

#[tokio::test]
async fn what_is_gone_needs_no_deletion() {
    let server = Server::start(|action, body, _| match body {
        body if body.contains("tms-1") => {
            response(action, "<trafficMirrorSessionId>tms-1</trafficMirrorSessionId>")
        }
        body if body.contains("tms-2") => error(400, "InvalidTrafficMirrorSessionId.NotFound", "gone"),
        _ => error(403, "UnauthorizedOperation", "no"),
    })
    .await;
    let account = server.account().await;
    assert_eq!(account.delete_session("tms-1").await.unwrap(), Deleted::Gone);
    assert_eq!(
        account.delete_session("tms-2").await.unwrap(),
        Deleted::AlreadyGone
    );
    assert_eq!(
        account.delete_session("tms-3").await.unwrap_err().class(),
        ErrorClass::Denied
    );
}
