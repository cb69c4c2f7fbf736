//! What reaches the interfaces of targets, out of the answers of several calls.

use std::collections::BTreeSet;

use super::server::{Server, error, response};
use crate::ec2::{Action, Ec2Error, TargetIngress};
use crate::planner::{IngressRule, MirrorTarget, TargetKind};

const INSTANCE: &str = "<reservationSet><item><instancesSet><item><instanceId>i-9</instanceId><networkInterfaceSet><item>\
    <networkInterfaceId>eni-9</networkInterfaceId><groupSet><item><groupId>sg-1</groupId></item><item><groupId>sg-2</groupId>\
    </item></groupSet></item></networkInterfaceSet></item></instancesSet></item></reservationSet>";

const GROUP: &str = "<item><groupId>sg-1</groupId><ipPermissions><item><ipProtocol>udp</ipProtocol><fromPort>4789</fromPort>\
    <toPort>4790</toPort><groups><item><groupId>sg-3</groupId></item></groups><ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item>\
    </ipRanges><ipv6Ranges><item><cidrIpv6>fd00::/8</cidrIpv6></item></ipv6Ranges><prefixListIds><item><prefixListId>pl-1\
    </prefixListId></item></prefixListIds></item><item><ipProtocol>-1</ipProtocol></item></ipPermissions></item>";

const OTHER_GROUP: &str = "<item><groupId>sg-2</groupId><ipPermissions><item><ipProtocol>icmp</ipProtocol><fromPort>-1</fromPort>\
    <toPort>-1</toPort></item></ipPermissions></item>";

fn answer(action: &str, groups: &str) -> String {
    match action {
        "DescribeInstances" => INSTANCE.to_owned(),
        "DescribeSecurityGroups" => format!("<securityGroupInfo>{groups}</securityGroupInfo>"),
        _ => String::new(),
    }
}

async fn look(server: &Server) -> Result<TargetIngress, Ec2Error> {
    let target = |id: &str, interface: &str, owner: &str| MirrorTarget {
        id: id.into(),
        kind: Some(TargetKind::NetworkInterface),
        network_interface_id: Some(interface.into()),
        owner_id: Some(owner.into()),
        ..MirrorTarget::default()
    };
    let visible = [
        target("tmt-1", "eni-9", "111122223333"),
        target("tmt-shared", "eni-8", "999999999999"),
        target("tmt-other", "eni-7", "111122223333"),
    ];
    let ids = BTreeSet::from(["tmt-1".to_owned(), "tmt-shared".to_owned()]);
    server.account().await.target_ingress(&visible, &ids).await
}

#[tokio::test]
async fn all_groups_of_the_interface_count() {
    let groups = [GROUP, OTHER_GROUP].concat();
    let server = Server::start(move |action, _, _| response(action, &answer(action, &groups))).await;
    let found = look(&server).await.unwrap();
    assert!(found.unseen.is_empty());
    let ids: Vec<&String> = found.targets.keys().collect();
    assert_eq!(ids, ["tmt-1"]);
    let ingress = &found.targets["tmt-1"];
    assert_eq!(ingress.network_interface_id, "eni-9");
    assert_eq!(ingress.security_group_ids, ["sg-1", "sg-2"]);
    let rule = |protocol: &str| IngressRule {
        protocol: protocol.into(),
        ..IngressRule::default()
    };
    let narrow = IngressRule {
        ports: Some((4789, 4790)),
        cidr_blocks: vec!["10.0.0.0/8".into(), "fd00::/8".into()],
        security_group_ids: vec!["sg-3".into()],
        prefix_list_ids: vec!["pl-1".into()],
        ..rule("udp")
    };
    assert_eq!(ingress.rules, [narrow, rule("-1"), rule("icmp")]);
}

#[tokio::test]
async fn a_group_that_is_not_visible_leaves_the_target_out() {
    let server = Server::start(|action, _, _| response(action, &answer(action, GROUP))).await;
    let found = look(&server).await.unwrap();
    assert!(found.targets.is_empty() && found.unseen.is_empty());
}

#[tokio::test]
async fn without_the_permission_it_is_said_and_nothing_is_guessed() {
    let server = Server::start(|action, _, _| match action {
        "DescribeSecurityGroups" => error(403, "UnauthorizedOperation", "not authorized"),
        action => response(action, &answer(action, "")),
    })
    .await;
    let found = look(&server).await.unwrap();
    assert!(found.targets.is_empty());
    let [unseen] = found.unseen.as_slice() else {
        panic!("{:?}", found.unseen)
    };
    assert_eq!(unseen.error.action(), Some(Action::DescribeSecurityGroups));
    assert!(unseen.target_ids.contains("tmt-1"));
}
