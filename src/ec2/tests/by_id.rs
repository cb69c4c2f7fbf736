//! Instances and interfaces whose ids are known.

use std::collections::BTreeSet;

use super::server::{Reply, Server, error, response};
use crate::ec2::ErrorClass;

fn ids(prefix: &str, count: usize) -> BTreeSet<String> {
    (0..count).map(|n| format!("{prefix}-{n:017x}")).collect()
}

fn one_instance() -> Reply {
    response(
        "DescribeInstances",
        "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><networkInterfaceSet><item>\
         <networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet></item></instancesSet></item>\
         </reservationSet>",
    )
}

/// How many ids each request names, and how many values of filters.
fn named(server: &Server, action: &str) -> Vec<(usize, usize)> {
    let requests = server.requests(action);
    let count = |request: &String, what: &str| request.matches(what).count();
    requests
        .iter()
        .map(|request| (count(request, "Id."), count(request, ".Value.")))
        .collect()
}

#[tokio::test]
async fn a_thousand_in_a_call_and_no_page_size() {
    let server = Server::start(|_, _, _| one_instance()).await;
    let found = server
        .account()
        .await
        .instances_by_id(&ids("i", 2150))
        .await
        .unwrap();
    assert!(found.iter().all(|found| found[0].id == "eni-1"));
    let mut asked = named(&server, "DescribeInstances");
    asked.sort();
    // What a filter takes goes into one, since then nothing can be missing.
    assert_eq!(asked, [(0, 150), (1000, 0), (1000, 0)]);
    for request in server.requests("DescribeInstances") {
        assert!(request.contains("IncludeManagedResources=true"), "{request}");
        assert_ne!(
            request.contains("InstanceId."),
            request.contains("MaxResults"),
            "{request}"
        );
    }
    let server =
        Server::start(|_, _, _| response("DescribeNetworkInterfaces", "<networkInterfaceSet/>")).await;
    let account = server.account().await;
    account.network_interfaces_by_id(&ids("eni", 1000)).await.unwrap();
    account.network_interfaces_by_id(&BTreeSet::new()).await.unwrap();
    assert_eq!(named(&server, "DescribeNetworkInterfaces"), [(1000, 0)]);
    let request = server.requests("DescribeNetworkInterfaces").pop().unwrap();
    assert!(
        request.contains("NetworkInterfaceId.1=eni-") && !request.contains("MaxResults"),
        "{request}"
    );
}

#[tokio::test]
async fn those_that_are_gone_are_left_out() {
    let gone = "i-00000000000000007";
    let server = Server::start(move |_, body, _| match body.contains(gone) {
        true => error(
            400,
            "InvalidInstanceID.NotFound",
            &format!("The instance IDs 'i-0000000000000000a, {gone}' do not exist"),
        ),
        false => one_instance(),
    })
    .await;
    let found = server
        .account()
        .await
        .instances_by_id(&ids("i", 300))
        .await
        .unwrap();
    assert_eq!(found[0].len(), 1);
    assert_eq!(named(&server, "DescribeInstances"), [(300, 0), (298, 0)]);
}

#[tokio::test]
async fn what_is_wrong_and_not_named_is_asked_for_by_filters() {
    for code in ["InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"] {
        let server = Server::start(move |_, body, _| match body.contains("InstanceId.") {
            true => error(400, code, "One of them"),
            false => one_instance(),
        })
        .await;
        let found = server
            .account()
            .await
            .instances_by_id(&ids("i", 450))
            .await
            .unwrap();
        assert_eq!(found[0].len(), 3, "{code}: one of each answer");
        let asked = named(&server, "DescribeInstances");
        assert_eq!(asked, [(450, 0), (0, 200), (0, 200), (0, 50)], "{code}");
    }
}

#[tokio::test]
async fn any_other_error_is_one() {
    let server = Server::start(|_, _, _| error(403, "UnauthorizedOperation", "no")).await;
    let account = server.account().await;
    let refused = account.instances_by_id(&ids("i", 300)).await.unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Denied);
    let refused = account
        .network_interfaces_by_id(&ids("eni", 300))
        .await
        .unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Denied);
}
