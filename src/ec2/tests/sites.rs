//! Where targets receive, out of the answers of several calls.

use std::collections::{BTreeMap, BTreeSet};

use super::server::{Reply, Server, elb_error, error, response};
use crate::ec2::{Action, Ec2Error, Sites};
use crate::planner::{MirrorTarget, SourceZones, TargetKind, TargetSite};

const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/sensors/1";

fn target(id: &str, kind: TargetKind) -> MirrorTarget {
    MirrorTarget {
        id: id.into(),
        kind: Some(kind),
        owner_id: Some("111122223333".into()),
        ..MirrorTarget::default()
    }
}

/// One target of each kind, and one of another account.
fn targets() -> Vec<MirrorTarget> {
    vec![
        MirrorTarget {
            network_interface_id: Some("eni-9".into()),
            ..target("tmt-eni", TargetKind::NetworkInterface)
        },
        MirrorTarget {
            network_load_balancer_arn: Some(BALANCER.into()),
            ..target("tmt-nlb", TargetKind::NetworkLoadBalancer)
        },
        MirrorTarget {
            gateway_load_balancer_endpoint_id: Some("vpce-1".into()),
            ..target("tmt-gwlb", TargetKind::GatewayLoadBalancerEndpoint)
        },
        MirrorTarget {
            network_interface_id: Some("eni-8".into()),
            owner_id: Some("999999999999".into()),
            ..target("tmt-shared", TargetKind::NetworkInterface)
        },
    ]
}

fn answer(action: &str, cross_zone: &str) -> Reply {
    let inside = match action {
        "DescribeInstances" => {
            "<reservationSet><item><instancesSet><item><instanceId>i-9</instanceId><instanceType>m5.24xlarge</instanceType>\
             <placement><availabilityZoneId>euw1-az1</availabilityZoneId></placement><networkInterfaceSet><item>\
             <networkInterfaceId>eni-9</networkInterfaceId></item></networkInterfaceSet></item></instancesSet></item>\
             </reservationSet>"
                .to_owned()
        }
        "DescribeLoadBalancers" => format!(
            "<DescribeLoadBalancersResult><LoadBalancers><member><LoadBalancerArn>{BALANCER}</LoadBalancerArn>\
             <AvailabilityZones><member><ZoneName>eu-west-1b</ZoneName><SubnetId>subnet-b</SubnetId></member></AvailabilityZones>\
             </member></LoadBalancers></DescribeLoadBalancersResult>"
        ),
        "DescribeLoadBalancerAttributes" => format!(
            "<DescribeLoadBalancerAttributesResult><Attributes><member><Key>load_balancing.cross_zone.enabled</Key><Value>\
             {cross_zone}</Value></member></Attributes></DescribeLoadBalancerAttributesResult>"
        ),
        "DescribeVpcEndpoints" => "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><subnetIdSet><item>subnet-c</item>\
             </subnetIdSet></item></vpcEndpointSet>"
            .to_owned(),
        "DescribeSubnets" => "<subnetSet><item><subnetId>subnet-b</subnetId><availabilityZoneId>euw1-az2</availabilityZoneId>\
             </item><item><subnetId>subnet-c</subnetId><availabilityZoneId>euw1-az3</availabilityZoneId></item></subnetSet>"
            .to_owned(),
        _ => String::new(),
    };
    response(action, &inside)
}

fn site(kind: TargetKind, zones: &[&str]) -> TargetSite {
    TargetSite {
        kind: Some(kind),
        zone_ids: zones.iter().map(ToString::to_string).collect(),
        ..TargetSite::default()
    }
}

async fn look(server: &Server) -> Result<Sites, Ec2Error> {
    let ids = targets().into_iter().map(|target| target.id).collect();
    server
        .account()
        .await
        .sites(&targets(), &ids, &SourceZones::default())
        .await
}

fn zones(of: &[(&str, &str)], are_all: bool) -> SourceZones {
    let ids = of.iter().map(|(name, id)| (name.to_string(), id.to_string()));
    SourceZones {
        ids: ids.collect(),
        are_all,
    }
}

async fn sites(server: &Server) -> Sites {
    look(server).await.unwrap()
}

#[tokio::test]
async fn each_kind_has_its_zones() {
    let server = Server::start(|action, _, _| answer(action, "false")).await;
    let found = sites(&server).await;
    assert!(found.unseen.is_empty(), "{:?}", found.unseen);
    let interface = TargetSite {
        instance_type: Some("m5.24xlarge".into()),
        ..site(TargetKind::NetworkInterface, &["euw1-az1"])
    };
    assert_eq!(found.sites["tmt-eni"], interface);
    assert_eq!(
        found.sites["tmt-nlb"],
        site(TargetKind::NetworkLoadBalancer, &["euw1-az2"])
    );
    assert_eq!(
        found.sites["tmt-gwlb"],
        site(TargetKind::GatewayLoadBalancerEndpoint, &["euw1-az3"])
    );
    let shared = &found.sites["tmt-shared"];
    let told = targets()
        .into_iter()
        .find(|target| target.id == "tmt-shared")
        .unwrap();
    assert!(shared.shared && shared.kind.is_some() && shared.kind == told.kind);
    assert!(shared.zone_ids.is_empty() && shared.instance_type.is_none());
    let asked = server.requests("DescribeInstances").pop().unwrap();
    assert!(
        !asked.contains("eni-8"),
        "nothing is asked of a shared target: {asked}"
    );
}

#[tokio::test]
async fn a_balancer_that_crosses_zones_serves_all() {
    let server = Server::start(|action, _, _| answer(action, "true")).await;
    assert_eq!(
        sites(&server).await.sites["tmt-nlb"],
        site(TargetKind::NetworkLoadBalancer, &[])
    );
}

#[tokio::test]
async fn without_a_permission_the_zones_are_unknown_and_the_rest_is_not() {
    for (denied, unknown) in [
        (Action::DescribeInstances, &["tmt-eni"][..]),
        (Action::DescribeLoadBalancers, &["tmt-nlb"]),
        (Action::DescribeLoadBalancerAttributes, &["tmt-nlb"]),
        (Action::DescribeVpcEndpoints, &["tmt-gwlb"]),
        (Action::DescribeSubnets, &["tmt-gwlb", "tmt-nlb"]),
    ] {
        let server = Server::start(move |action, _, _| match action {
            action if action != denied.name() => answer(action, "false"),
            _ if denied.service() == "ec2" => error(403, "UnauthorizedOperation", "not authorized"),
            _ => elb_error(403, "AccessDenied", "not authorized"),
        })
        .await;
        let found = sites(&server).await;
        let [unseen] = found.unseen.as_slice() else {
            panic!("{denied}: {:?}", found.unseen)
        };
        assert_eq!(unseen.error.action(), Some(denied));
        let names: BTreeSet<String> = unknown.iter().map(ToString::to_string).collect();
        assert_eq!(unseen.target_ids, names, "{denied}");
        for (id, site) in &found.sites {
            let blind = site.zone_ids.is_empty() && !site.shared;
            assert_eq!(blind, names.contains(id), "{denied}: {id}");
        }
    }
}

#[tokio::test]
async fn an_api_that_fails_is_an_error() {
    let server = Server::start(|action, _, _| match action {
        "DescribeSubnets" => error(400, "AuthFailure", "who?"),
        action => answer(action, "false"),
    })
    .await;
    let found = look(&server).await;
    assert_eq!(found.unwrap_err().code(), "AuthFailure");
}

#[tokio::test]
async fn a_zone_that_is_known_by_name_costs_no_call() {
    let server = Server::start(|action, _, _| answer(action, "false")).await;
    let zones = zones(&[("eu-west-1b", "euw1-az7")], false);
    let ids = BTreeSet::from(["tmt-nlb".to_owned()]);
    let found = server
        .account()
        .await
        .sites(&targets(), &ids, &zones)
        .await
        .unwrap();
    let nlb = site(TargetKind::NetworkLoadBalancer, &["euw1-az7"]);
    assert_eq!(found.sites, BTreeMap::from([("tmt-nlb".to_owned(), nlb)]));
    assert!(server.requests("DescribeSubnets").is_empty());
}

#[tokio::test]
async fn a_balancer_in_all_zones_of_the_sources_is_not_asked_whether_it_crosses_them() {
    let ids = BTreeSet::from(["tmt-nlb".to_owned()]);
    for (sources, served, asked) in [
        (zones(&[("eu-west-1b", "euw1-az7")], true), &["euw1-az7"][..], 0),
        (
            zones(&[("eu-west-1b", "euw1-az7"), ("eu-west-1c", "euw1-az8")], true),
            &[],
            1,
        ),
        (zones(&[("eu-west-1b", "euw1-az7")], false), &[], 1),
    ] {
        let server = Server::start(|action, _, _| answer(action, "true")).await;
        let found = server
            .account()
            .await
            .sites(&targets(), &ids, &sources)
            .await
            .unwrap();
        assert_eq!(
            found.sites["tmt-nlb"],
            site(TargetKind::NetworkLoadBalancer, served)
        );
        assert_eq!(
            server.requests("DescribeLoadBalancerAttributes").len(),
            asked,
            "{sources:?}"
        );
    }
}

#[tokio::test]
async fn a_balancer_that_is_gone_is_no_question_of_permission() {
    let server = Server::start(|action, _, _| match action {
        "DescribeLoadBalancers" => elb_error(
            400,
            "LoadBalancerNotFound",
            "One or more load balancers not found",
        ),
        action => answer(action, "false"),
    })
    .await;
    let found = sites(&server).await;
    assert!(found.unseen.is_empty(), "{:?}", found.unseen);
    assert_eq!(found.sites["tmt-nlb"], site(TargetKind::NetworkLoadBalancer, &[]));
}
