//! DescribeInstances: what is asked for, and what is made of the answers.

use super::server::{Reply, Server, error, filter, http, ids, response, tags};
use crate::ec2::{ErrorClass, ErrorKind};
use crate::planner::Interface;

fn instances(interfaces: &[&str], next: &str) -> Reply {
    let items: String = interfaces
        .iter()
        .map(|id| format!("<item><networkInterfaceId>{id}</networkInterfaceId></item>"))
        .collect();
    response(
        "DescribeInstances",
        &format!(
            "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><networkInterfaceSet>{items}\
             </networkInterfaceSet></item></instancesSet></item></reservationSet><nextToken>{next}</nextToken>"
        ),
    )
}

#[tokio::test]
async fn interfaces_are_paged_and_merged() {
    let server = Server::start(|_, body, _| match body {
        body if body.contains("NextToken=two") => instances(&["eni-3", "eni-4"], ""),
        _ => instances(&["eni-4", "eni-1"], "two"),
    })
    .await;
    let filters = [
        filter("tag:Mirror", &["True"]),
        filter("instance-id", &["i-1", "i-2"]),
    ];
    let found = server.account().await.instances(&filters).await.unwrap();
    let found: Vec<_> = found.iter().map(|interface| interface.id.as_str()).collect();
    assert_eq!(found, ["eni-1", "eni-3", "eni-4"]);
    let requests = server.requests("DescribeInstances");
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert!(
            request.contains("IncludeManagedResources=true") && request.contains("MaxResults=1000"),
            "{request}"
        );
        assert!(
            !request.contains("InstanceId."),
            "ids and MaxResults exclude each other: {request}"
        );
        assert!(
            request.contains("Filter.1.Name=tag:Mirror&Filter.1.Value.1=True")
                && request.contains("Filter.2.Value.2=i-2"),
            "the filters go with each page: {request}"
        );
    }
}

#[tokio::test]
async fn all_of_an_interface_is_read() {
    let server = Server::start(|_, _, _| {
        response(
            "DescribeInstances",
            "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceType>u7i-99tb.metal\
             </instanceType><instanceState><code>16</code><name>stopping</name></instanceState><vpcId>vpc-i</vpcId>\
             <placement><availabilityZone>eu-west-1a</availabilityZone><availabilityZoneId>euw1-az2</availabilityZoneId>\
             </placement><tagSet><item><key>Name</key><value>web &amp; more</value></item><item><key>Empty</key></item>\
             </tagSet><networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><vpcId>vpc-1</vpcId>\
             <subnetId>subnet-1</subnetId><interfaceType>efa-only</interfaceType><attachment><deviceIndex>2</deviceIndex>\
             <networkCardIndex>1</networkCardIndex>\
             <attachTime>2026-03-01T12:00:00.000Z</attachTime></attachment><operator><managed>true</managed>\
             <principal>eks.amazonaws.com</principal></operator><groupSet><item><groupId>sg-2</groupId></item><item>\
             <groupId>sg-1</groupId></item></groupSet></item></networkInterfaceSet></item></instancesSet></item>\
             </reservationSet>",
        )
    })
    .await;
    let found = server.account().await.instances(&[]).await.unwrap();
    let expected = Interface {
        id: "eni-1".into(),
        instance_id: Some("i-1".into()),
        instance_type: Some("u7i-99tb.metal".into()),
        instance_state: Some("stopping".into()),
        instance_tags: tags(&[("Name", "web & more"), ("Empty", "")]),
        vpc_id: Some("vpc-1".into()),
        subnet_id: Some("subnet-1".into()),
        availability_zone: Some("eu-west-1a".into()),
        availability_zone_id: Some("euw1-az2".into()),
        interface_type: "efa-only".into(),
        device_index: Some(2),
        network_card_index: Some(1),
        security_group_ids: ids(&["sg-2", "sg-1"]),
        attached_at: Some(1_772_366_400),
        operator: Some("eks.amazonaws.com".into()),
        ..Interface::default()
    };
    assert_eq!(*found, [expected]);
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_an_error() {
    let server = Server::start(|_, _, _| instances(&["eni-1"], "same")).await;
    let error = server.account().await.instances(&[]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Incomplete(_)), "{error:?}");
    assert_eq!(server.requests("DescribeInstances").len(), 2);
}

#[tokio::test]
async fn a_failing_page_fails_the_whole() {
    let server = Server::start(|_, _, count| match count {
        1 => instances(&["eni-1"], "two"),
        _ => error(400, "InvalidNextToken", "The token has expired"),
    })
    .await;
    let error = server.account().await.instances(&[]).await.unwrap_err();
    assert_eq!(error.code(), "InvalidNextToken");
}

#[tokio::test]
async fn an_emulator_that_knows_no_interface_filters() {
    let server = Server::start(|_, body, _| match body {
        body if body.contains("network-interface.") => http(500, "text/html", "<html>500</html>"),
        _ => instances(&["eni-1"], ""),
    })
    .await;
    let state = filter("instance-state-name", &["running"]);
    let by_id = filter("network-interface.network-interface-id", &["eni-1"]);
    let found = server
        .account()
        .await
        .instances(&[by_id, state.clone()])
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    let last = server.requests("DescribeInstances").pop().unwrap();
    assert!(
        last.contains("Filter.1.Name=instance-state-name") && !last.contains("Filter.2"),
        "{last}"
    );
    let server = Server::start(|_, _, _| http(500, "text/html", "<html>500</html>")).await;
    let error = server.account().await.instances(&[state]).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotEc2);
}

/// An answer with one instance of this type, its interface named after it.
fn of_type(name: &str) -> Reply {
    response(
        "DescribeInstances",
        &format!(
            "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceType>{name}</instanceType>\
             <networkInterfaceSet><item><networkInterfaceId>eni-{name}</networkInterfaceId></item></networkInterfaceSet></item>\
             </instancesSet></item></reservationSet>"
        ),
    )
}

#[tokio::test]
async fn wildcards_in_types_are_ec2s_to_judge_and_an_emulators_to_ignore() {
    let filters = [
        filter("instance-type", &["m5.*", "c5.large"]),
        filter("instance-state-name", &["running"]),
    ];
    let asked = |there: &'static str, knows_wildcards: bool| {
        let filters = filters.clone();
        async move {
            let server = Server::start(move |_, body, _| match body {
                body if !body.contains("instance-type") || knows_wildcards && there.starts_with("m5") => {
                    of_type(there)
                }
                _ => response("DescribeInstances", ""),
            })
            .await;
            let found = server.account().await.instances(&filters).await.unwrap();
            let found: Vec<String> = found.iter().map(|interface| interface.id.clone()).collect();
            (found, server.requests("DescribeInstances").len())
        }
    };
    assert_eq!(
        asked("m5.large", true).await,
        (vec!["eni-m5.large".to_owned()], 1)
    );
    // Nothing of that type: one page without the filter shows nothing that was missed.
    assert_eq!(asked("t3.nano", true).await, (vec![], 2));
    // Taken literally: the page shows one that was missed, so all are read and judged here.
    assert_eq!(
        asked("m5.large", false).await,
        (vec!["eni-m5.large".to_owned()], 3)
    );
}

#[tokio::test]
async fn what_the_interface_itself_tells() {
    let server = Server::start(|_, _, _| {
        response(
            "DescribeNetworkInterfaces",
            "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><vpcId>vpc-1</vpcId><subnetId>subnet-1\
             </subnetId><availabilityZone>eu-west-1a</availabilityZone><availabilityZoneId>euw1-az2</availabilityZoneId>\
             <interfaceType>nat_gateway</interfaceType><requesterId>amazon-rds</requesterId><requesterManaged>true\
             </requesterManaged><groupSet><item><groupId>sg-1</groupId></item></groupSet><tagSet><item><key>Mirror</key>\
             <value>True</value></item></tagSet></item><item><networkInterfaceId>eni-2</networkInterfaceId><attachment>\
             <instanceId>i-2</instanceId><instanceOwnerId>999999999999</instanceOwnerId><deviceIndex>1</deviceIndex>\
             </attachment></item><item><networkInterfaceId>eni-3</networkInterfaceId><attachment><instanceId>i-3</instanceId>\
             <instanceOwnerId>111122223333</instanceOwnerId><deviceIndex>0</deviceIndex></attachment></item>\
             </networkInterfaceSet>",
        )
    })
    .await;
    let account = server.account().await;
    let found = account.network_interfaces(&[]).await.unwrap();
    let expected = [
        Interface {
            id: "eni-1".into(),
            vpc_id: Some("vpc-1".into()),
            subnet_id: Some("subnet-1".into()),
            availability_zone: Some("eu-west-1a".into()),
            availability_zone_id: Some("euw1-az2".into()),
            interface_type: "nat_gateway".into(),
            security_group_ids: ids(&["sg-1"]),
            tags: tags(&[("Mirror", "True")]),
            unattached: true,
            requester_managed: true,
            requester_id: Some("amazon-rds".into()),
            ..Interface::default()
        },
        // Attached to an instance of another account, which nobody here can see.
        Interface {
            id: "eni-2".into(),
            interface_type: "interface".into(),
            device_index: Some(1),
            ..Interface::default()
        },
        Interface {
            id: "eni-3".into(),
            instance_id: Some("i-3".into()),
            interface_type: "interface".into(),
            device_index: Some(0),
            ..Interface::default()
        },
    ];
    assert_eq!(*found, expected);
    let request = server.requests("DescribeNetworkInterfaces").pop().unwrap();
    assert!(
        request.contains("IncludeManagedResources=true") && request.contains("MaxResults=1000"),
        "{request}"
    );
}
