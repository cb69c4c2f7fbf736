//! What targets deliver to, out of the answers of several calls.

use std::collections::{BTreeMap, BTreeSet};

use super::server::{Server, response};
use crate::ec2::{Account, Ec2Error};
use crate::planner::{Fact, MirrorTarget, Receiver};

const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/sensors/1";

fn target(id: &str) -> MirrorTarget {
    MirrorTarget {
        id: id.into(),
        owner_id: Some("111122223333".into()),
        ..MirrorTarget::default()
    }
}

async fn receivers(account: &Account, target: MirrorTarget) -> Result<BTreeMap<String, Receiver>, Ec2Error> {
    let ids = BTreeSet::from([target.id.clone()]);
    account.receivers(&[target], &ids).await
}

fn answer(action: &str, actions: &str) -> String {
    match action {
        "DescribeListeners" => format!(
            "<DescribeListenersResult><Listeners><member><Protocol>UDP</Protocol><Port>4789</Port><DefaultActions>{actions}\
             </DefaultActions></member></Listeners></DescribeListenersResult>"
        ),
        "DescribeLoadBalancers" => format!(
            "<DescribeLoadBalancersResult><LoadBalancers><member><LoadBalancerArn>{BALANCER}</LoadBalancerArn></member>\
             </LoadBalancers></DescribeLoadBalancersResult>"
        ),
        _ => format!("<{action}Result></{action}Result>"),
    }
}

#[tokio::test]
async fn a_target_group_without_weight_gets_nothing() {
    let weighted = |name: &str, weight: u32| {
        format!("<member><TargetGroupArn>{name}</TargetGroupArn><Weight>{weight}</Weight></member>")
    };
    let forward = |alone: &str, groups: &[String]| {
        format!(
            "<member><Type>forward</Type>{alone}<ForwardConfig><TargetGroups>{}</TargetGroups></ForwardConfig></member>",
            groups.concat()
        )
    };
    let alone = "<TargetGroupArn>blue</TargetGroupArn>";
    for (actions, asked) in [
        (
            forward("", &[weighted("blue", 1), weighted("green", 3)]),
            &["blue", "green"][..],
        ),
        (
            forward("", &[weighted("blue", 0), weighted("green", 3)]),
            &["green"],
        ),
        // Elastic Load Balancing repeats a single group.
        (forward(alone, &[weighted("blue", 1)]), &["blue"]),
        (forward(alone, &[weighted("blue", 0)]), &[]),
        (format!("<member><Type>forward</Type>{alone}</member>"), &["blue"]),
    ] {
        let shown = actions.clone();
        let server = Server::start(move |action, _, _| response(action, &answer(action, &actions))).await;
        let balancer = MirrorTarget {
            network_load_balancer_arn: Some(BALANCER.into()),
            ..target("tmt-1")
        };
        let found = receivers(&server.account().await, balancer).await.unwrap();
        let Receiver::LoadBalancer(Fact::Known(Some(listener))) = &found["tmt-1"] else {
            panic!("{found:?}");
        };
        assert_eq!(listener.groups.len(), asked.len(), "{shown}");
        let requests = server.requests("DescribeTargetHealth");
        for (request, group) in requests.iter().zip(asked) {
            assert!(
                request.contains(&format!("TargetGroupArn={group}")),
                "{request} {shown}"
            );
        }
        assert_eq!(requests.len(), asked.len(), "{shown}");
    }
}

#[tokio::test]
async fn a_target_of_a_kind_that_is_not_known_is_not_gone() {
    let server = Server::start(|action, _, _| response(action, "")).await;
    let found = receivers(&server.account().await, target("tmt-1")).await.unwrap();
    assert!(
        matches!(&found["tmt-1"], Receiver::NetworkInterface(Fact::Unseen(why)) if why.contains("not known here")),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_delegated_prefix_is_an_address_family() {
    const INTERFACE: &str = "<networkInterfaceId>eni-1</networkInterfaceId><privateIpAddress>10.0.0.1</privateIpAddress>\
         <ipv6PrefixSet><item><ipv6Prefix>2001:db8:1::/80</ipv6Prefix></item></ipv6PrefixSet>";
    let server = Server::start(|action, _, _| {
        let inside = match action {
            "DescribeInstances" => format!(
                "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><networkInterfaceSet><item>{INTERFACE}</item>\
                 </networkInterfaceSet></item></instancesSet></item></reservationSet>"
            ),
            _ => format!("<networkInterfaceSet><item>{INTERFACE}</item></networkInterfaceSet>"),
        };
        response(action, &inside)
    })
    .await;
    let account = server.account().await;
    for found in [
        account.instances(&[]).await.unwrap(),
        account.network_interfaces(&[]).await.unwrap(),
    ] {
        assert_eq!(found[0].addresses, ["10.0.0.1", "2001:db8:1::"]);
    }
}
