//! Who receives what targets take.

use std::collections::BTreeSet;

use super::server::{Reply, Server, elb_error, error, ids, response};
use crate::ec2::{Action, Ec2Error, Sensors};
use crate::planner::MirrorTarget;

const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/sensors/1";
const GATEWAY: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/gwy/inspection/2";
const OTHER: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/web/3";

fn target(id: &str) -> MirrorTarget {
    MirrorTarget {
        id: id.into(),
        owner_id: Some("111122223333".into()),
        ..MirrorTarget::default()
    }
}

fn interface_target() -> MirrorTarget {
    MirrorTarget {
        network_interface_id: Some("eni-9".into()),
        ..target("tmt-eni")
    }
}

fn balancer_target() -> MirrorTarget {
    MirrorTarget {
        network_load_balancer_arn: Some(BALANCER.into()),
        ..target("tmt-nlb")
    }
}

fn endpoint_target() -> MirrorTarget {
    MirrorTarget {
        gateway_load_balancer_endpoint_id: Some("vpce-1".into()),
        ..target("tmt-gwlb")
    }
}

fn group(name: &str, kind: &str, balancer: &str) -> String {
    format!(
        "<member><TargetGroupArn>{name}</TargetGroupArn><TargetType>{kind}</TargetType><VpcId>vpc-1</VpcId><LoadBalancerArns>\
         <member>{balancer}</member></LoadBalancerArns></member>"
    )
}

/// Groups of three load balancers; of the first, one by instance and one by address.
fn answer(action: &str, body: &str) -> Reply {
    let inside = match action {
        "DescribeInstances" => "<reservationSet><item><instancesSet><item><instanceId>i-9</instanceId><networkInterfaceSet>\
             <item><networkInterfaceId>eni-9</networkInterfaceId></item></networkInterfaceSet></item></instancesSet></item>\
             </reservationSet>"
            .to_owned(),
        "DescribeTargetGroups" => format!(
            "<DescribeTargetGroupsResult><TargetGroups>{}{}{}{}</TargetGroups></DescribeTargetGroupsResult>",
            group("by-instance", "instance", BALANCER),
            group("by-address", "ip", BALANCER),
            group("gateway", "instance", GATEWAY),
            group("web", "instance", OTHER),
        ),
        "DescribeTargetHealth" => {
            let registered = match body {
                body if body.contains("by-instance") => &["i-1", "i-2"][..],
                body if body.contains("by-address") => &["10.0.0.3", "10.9.0.4"],
                body if body.contains("gateway") => &["i-5"],
                _ => &["i-6"],
            };
            let of = |id: &&str| format!("<member><Target><Id>{id}</Id></Target></member>");
            format!(
                "<DescribeTargetHealthResult><TargetHealthDescriptions>{}</TargetHealthDescriptions></DescribeTargetHealthResult>",
                registered.iter().map(of).collect::<String>()
            )
        }
        "DescribeNetworkInterfaces" => {
            // One address is used in two VPCs, the other in a connected one only.
            let of = |(id, vpc, address): &(&str, &str, &str)| {
                format!(
                    "<item><networkInterfaceId>eni-{id}</networkInterfaceId><vpcId>{vpc}</vpcId><attachment><instanceId>{id}\
                     </instanceId></attachment><privateIpAddressesSet><item><privateIpAddress>{address}</privateIpAddress></item>\
                     </privateIpAddressesSet></item>"
                )
            };
            let all = [
                ("i-3", "vpc-1", "10.0.0.3"),
                ("i-7", "vpc-2", "10.0.0.3"),
                ("i-4", "vpc-3", "10.9.0.4"),
                ("i-8", "vpc-1", "10.0.0.8"),
            ];
            format!(
                "<networkInterfaceSet>{}</networkInterfaceSet>",
                all.iter().map(of).collect::<String>()
            )
        }
        _ => String::new(),
    };
    response(action, &inside)
}

async fn sensors(server: &Server, targets: &[MirrorTarget]) -> Result<Sensors, Ec2Error> {
    server.account().await.sensors(targets).await
}

fn set(names: &[&str]) -> BTreeSet<String> {
    ids(names).into_iter().collect()
}

#[tokio::test]
async fn behind_each_kind_of_target() {
    for (targets, meant) in [
        (vec![interface_target()], &["i-9"][..]),
        (vec![balancer_target()], &["i-1", "i-2", "i-3", "i-4"]),
        (vec![endpoint_target()], &["i-5"]),
        (
            vec![interface_target(), balancer_target(), endpoint_target()],
            &["i-1", "i-2", "i-3", "i-4", "i-5", "i-9"],
        ),
    ] {
        let server = Server::start(|action, body, _| answer(action, body)).await;
        let found = sensors(&server, &targets).await.unwrap();
        assert_eq!(found.instance_ids, set(meant), "{targets:?}");
        assert!(found.unseen.is_empty(), "{:?}", found.unseen);
        let web: Vec<_> = server.requests("DescribeTargetHealth");
        assert!(web.iter().all(|request| !request.contains("=web")), "{web:?}");
    }
}

#[tokio::test]
async fn a_target_of_another_account_hides_its_receivers() {
    let server = Server::start(|action, body, _| answer(action, body)).await;
    let shared = MirrorTarget {
        owner_id: Some("999999999999".into()),
        ..balancer_target()
    };
    assert!(sensors(&server, &[shared]).await.unwrap().instance_ids.is_empty());
    assert!(server.requests("DescribeTargetGroups").is_empty());
}

#[tokio::test]
async fn without_a_permission_the_rest_is_seen() {
    for (denied, unseen, seen) in [
        (
            Action::DescribeInstances,
            &["tmt-eni"][..],
            &["i-1", "i-2", "i-3", "i-4"][..],
        ),
        (Action::DescribeTargetGroups, &["tmt-nlb"], &["i-9"]),
        (Action::DescribeTargetHealth, &["tmt-nlb"], &["i-9"]),
        (
            Action::DescribeNetworkInterfaces,
            &["tmt-nlb"],
            &["i-1", "i-2", "i-9"],
        ),
    ] {
        let server = Server::start(move |action, body, _| match action {
            action if action != denied.name() => answer(action, body),
            _ if denied.service() == "ec2" => error(403, "UnauthorizedOperation", "not authorized"),
            _ => elb_error(403, "AccessDenied", "not authorized"),
        })
        .await;
        let found = sensors(&server, &[interface_target(), balancer_target()])
            .await
            .unwrap();
        assert_eq!(found.instance_ids, set(seen), "{denied}");
        assert!(!found.unseen.is_empty(), "{denied}");
        for one in &found.unseen {
            assert_eq!(
                (one.error.action(), &one.target_ids),
                (Some(denied), &set(unseen))
            );
        }
    }
}

#[tokio::test]
async fn a_balancer_that_fails_hides_nobody() {
    let server = Server::start(|action, body, _| match action {
        "DescribeTargetHealth" => elb_error(400, "ValidationError", "what?"),
        action => answer(action, body),
    })
    .await;
    let failure = sensors(&server, &[balancer_target()]).await.unwrap_err();
    assert_eq!(failure.code(), "ValidationError");
}
