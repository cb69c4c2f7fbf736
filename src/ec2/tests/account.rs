//! What is asked for, and what is made of the answers.

use super::server::{Reply, SECRET, Server, TOKEN, config, error, http, nobody, response};
use crate::ec2::{
    Account, Change, Deleted, ErrorClass, ErrorKind, NewSession, Secret, SessionChange, UserAgent, What,
};
use crate::planner::{Filter, Interface, Tags, TargetKind};

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn filter(name: &str, values: &[&str]) -> Filter {
    Filter {
        name: name.into(),
        values: ids(values),
    }
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect()
}

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

fn session(id: &str, owner: &str) -> String {
    format!(
        "<trafficMirrorSessionId>{id}</trafficMirrorSessionId><networkInterfaceId>eni-1</networkInterfaceId>\
         <trafficMirrorTargetId>tmt-1</trafficMirrorTargetId><trafficMirrorFilterId>tmf-1</trafficMirrorFilterId>\
         <sessionNumber>7</sessionNumber><virtualNetworkId>16777215</virtualNetworkId><ownerId>{owner}</ownerId>\
         <description/><tagSet><item><key>a</key><value>b</value></item></tagSet>"
    )
}

fn sessions(sessions: &[(&str, &str)]) -> Reply {
    let items: String = sessions
        .iter()
        .map(|(id, owner)| format!("<item>{}</item>", session(id, owner)))
        .collect();
    response(
        "DescribeTrafficMirrorSessions",
        &format!("<trafficMirrorSessionSet>{items}</trafficMirrorSessionSet>"),
    )
}

#[tokio::test]
async fn the_account_is_that_of_the_credentials() {
    let server = Server::start(|action, _, _| response(action, "")).await;
    let product = |name: &str, version: Option<&str>| UserAgent {
        name: name.into(),
        version: version.map(Into::into),
    };
    let mut config = server.config();
    config.user_agent = vec![
        product("provider-x", Some("1.2.3")),
        product("evil\r\nheader", None),
    ];
    let account = Account::connect(config).await.unwrap();
    assert_eq!(
        (account.account_id(), account.partition(), account.region()),
        ("111122223333", "aws-cn", "eu-west-1")
    );
    account.sessions().await.unwrap();
    let head = server.last_head();
    assert!(
        head.contains("provider-x/1.2.3") && !head.contains("evil"),
        "{head}"
    );
    assert!(head.contains("/eu-west-1/ec2/aws4_request"), "{head}");

    let other = account.in_region("us-east-2");
    assert_eq!(
        (other.region(), other.account_id()),
        ("us-east-2", "111122223333")
    );
    other.sessions().await.unwrap();
    assert!(server.last_head().contains("/us-east-2/ec2/aws4_request"));
    assert_eq!(
        server.requests("GetCallerIdentity").len(),
        1,
        "one identity for all regions"
    );
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let server = Server::start(|action, _, _| response(action, "")).await;
    let text = format!("{:?} {:?}", server.config(), server.account().await);
    assert!(
        !text.contains(SECRET) && !text.contains(TOKEN) && !text.contains("AKIDEXAMPLE"),
        "{text}"
    );
}

#[tokio::test]
async fn a_contradicting_configuration_is_told_before_any_call() {
    let url = nobody().await;
    let mut one_key = config(&url);
    one_key.secret_key = None;
    let mut other_key = config(&url);
    other_key.access_key = None;
    let mut only_token = config(&url);
    (only_token.access_key, only_token.secret_key) = (None, None);
    let mut no_scheme = config(&url);
    no_scheme.endpoints.ec2 = Some("localhost:5000".into());
    let mut no_host = config(&url);
    no_host.endpoints.sts = Some("http:///path".into());
    let cases = [
        (one_key, "`access_key`"),
        (other_key, "`secret_key`"),
        (only_token, "`token`"),
        (no_scheme, "`endpoints.ec2`"),
        (no_host, "`endpoints.sts`"),
    ];
    for (config, named) in cases {
        let error = Account::connect(config).await.unwrap_err();
        assert_eq!(
            (error.class(), error.kind()),
            (ErrorClass::Configuration, &ErrorKind::Configuration)
        );
        assert!(error.message().contains(named), "{error}");
    }
}

#[tokio::test]
async fn an_impossible_region_is_told() {
    let mut config = config(&nobody().await);
    config.region = Some("eu west".into());
    config.endpoints = Default::default();
    config.access_key = Some(Secret::new("AKIDEXAMPLE"));
    let error = Account::connect(config).await.unwrap_err();
    assert!(
        error.to_string().contains("eu west") || error.detail().contains("eu west"),
        "{}",
        error.detail()
    );
}

#[tokio::test]
async fn interfaces_are_paged_and_merged() {
    let server = Server::start(|_, body, _| match body {
        body if body.contains("NextToken=two") => instances(&["eni-3"], ""),
        body if body.contains("tag:Mirror") => instances(&["eni-4", "eni-1"], "two"),
        _ => instances(&["eni-4", "eni-2"], ""),
    })
    .await;
    let scans = [
        vec![filter("tag:Mirror", &["True"])],
        vec![filter("instance-id", &["i-1", "i-2"])],
    ];
    let found = server.account().await.interfaces(&scans).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|interface| interface.id).collect();
    assert_eq!(found, ["eni-1", "eni-2", "eni-3", "eni-4"]);
    let requests = server.requests("DescribeInstances");
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert!(
            request.contains("IncludeManagedResources=true") && request.contains("MaxResults=1000"),
            "{request}"
        );
        assert!(
            !request.contains("InstanceId."),
            "ids and MaxResults exclude each other: {request}"
        );
    }
    assert!(
        requests[0].contains("Filter.1.Name=tag:Mirror&Filter.1.Value.1=True"),
        "{}",
        requests[0]
    );
    assert!(
        requests[1].contains("Filter.1.Name=tag:Mirror"),
        "the filters go with each page: {}",
        requests[1]
    );
    assert!(requests[2].contains("Filter.1.Value.2=i-2"), "{}", requests[2]);
}

#[tokio::test]
async fn no_scan_no_call() {
    let server = Server::start(|action, _, _| response(action, "")).await;
    assert_eq!(server.account().await.interfaces(&[]).await.unwrap(), Vec::new());
    assert!(server.requests("DescribeInstances").is_empty());
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
             <networkCardIndex>1</networkCardIndex></attachment><groupSet><item><groupId>sg-2</groupId></item><item>\
             <groupId>sg-1</groupId></item></groupSet></item></networkInterfaceSet></item></instancesSet></item>\
             </reservationSet>",
        )
    })
    .await;
    let found = server.account().await.interfaces(&[vec![]]).await.unwrap();
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
    };
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_an_error() {
    let server = Server::start(|_, _, _| instances(&["eni-1"], "same")).await;
    let error = server.account().await.interfaces(&[vec![]]).await.unwrap_err();
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
    let error = server.account().await.interfaces(&[vec![]]).await.unwrap_err();
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
        .interfaces(&[vec![by_id, state.clone()]])
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    let last = server.requests("DescribeInstances").pop().unwrap();
    assert!(
        last.contains("Filter.1.Name=instance-state-name") && !last.contains("Filter.2"),
        "{last}"
    );
    let server = Server::start(|_, _, _| http(500, "text/html", "<html>500</html>")).await;
    let error = server
        .account()
        .await
        .interfaces(&[vec![state]])
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotEc2);
}

#[tokio::test]
async fn only_own_sessions_are_listed() {
    let server = Server::start(|_, body, _| match body {
        body if body.contains("owner-id") => sessions(&[
            ("tms-2", "111122223333"),
            ("tms-3", "999999999999"),
            ("tms-1", "111122223333"),
        ]),
        _ => sessions(&[("tms-3", "999999999999"), ("tms-1", "111122223333")]),
    })
    .await;
    let account = server.account().await;
    let own = account.sessions().await.unwrap();
    assert_eq!(
        own.iter().map(|session| session.id.as_str()).collect::<Vec<_>>(),
        ["tms-1", "tms-2"]
    );
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
    let of_interface = account.sessions_of_interface("eni-1").await.unwrap();
    assert_eq!(of_interface.len(), 2, "the numbers of others count, too");
    assert!(
        account.sessions_of_interface("eni-2").await.unwrap().is_empty(),
        "filtered here again"
    );
    let requests = server.requests("DescribeTrafficMirrorSessions");
    assert!(
        requests[0].contains("Filter.1.Name=owner-id&Filter.1.Value.1=111122223333"),
        "{}",
        requests[0]
    );
    assert!(
        requests[1].contains("Filter.1.Name=network-interface-id&Filter.1.Value.1=eni-1"),
        "{}",
        requests[1]
    );
    assert!(requests.iter().all(|request| request.contains("MaxResults=1000")));
}

#[tokio::test]
async fn a_session_without_its_interface_is_an_error() {
    let body = "<trafficMirrorSessionSet><item><trafficMirrorSessionId>tms-1</trafficMirrorSessionId></item>\
                </trafficMirrorSessionSet>";
    let server = Server::start(move |action, _, _| response(action, body)).await;
    let error = server.account().await.sessions().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Incomplete("networkInterfaceId".into()));
}

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
        (lookup.found[0].rule_count, lookup.found[0].amazon_dns),
        (3, true)
    );
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
        packet_length: Change::Remove,
        description: Change::Remove,
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

#[tokio::test]
async fn tags_are_set_in_batches_around_what_is_gone() {
    let server = Server::start(|action, body, _| {
        if body.contains("=tms-7&") || body.contains("=tms-399&") {
            error(
                400,
                "InvalidTrafficMirrorSessionId.NotFound",
                "one of them is gone",
            )
        } else {
            response(action, "<return>true</return>")
        }
    })
    .await;
    let all: Vec<String> = (0..450).map(|n| format!("tms-{n}")).collect();
    let gone = server
        .account()
        .await
        .create_tags(&all, &tags(&[("a", "b")]))
        .await
        .unwrap();
    assert_eq!(gone, ["tms-7", "tms-399"]);
    let requests = server.requests("CreateTags");
    let refused = |request: &&String| request.contains("=tms-7&") || request.contains("=tms-399&");
    let mut tagged: Vec<&str> = requests
        .iter()
        .filter(|request| !refused(request))
        .flat_map(|request| request.split('&'))
        .filter_map(|part| {
            part.starts_with("ResourceId.")
                .then(|| part.split_once('=').unwrap().1)
        })
        .collect();
    tagged.sort_unstable();
    tagged.dedup();
    assert_eq!(tagged.len(), 448, "every other id was tagged");
    assert!(
        requests
            .iter()
            .all(|request| !request.contains("ResourceId.201="))
    );
    assert!(requests.len() < 40, "{} calls", requests.len());
}

#[tokio::test]
async fn tags_are_deleted_by_key_and_never_all() {
    let server = Server::start(|action, _, _| response(action, "<return>true</return>")).await;
    let account = server.account().await;
    account.delete_tags(&ids(&["tms-1"]), &[]).await.unwrap();
    account.delete_tags(&[], &ids(&["a"])).await.unwrap();
    account.create_tags(&ids(&["tms-1"]), &Tags::new()).await.unwrap();
    assert!(server.requests("DeleteTags").is_empty() && server.requests("CreateTags").is_empty());
    account
        .delete_tags(&ids(&["tms-1"]), &ids(&["a", "b"]))
        .await
        .unwrap();
    let request = server.requests("DeleteTags").pop().unwrap();
    assert!(
        request.contains("ResourceId.1=tms-1") && request.contains("Tag.1.Key=a&Tag.2.Key=b"),
        "{request}"
    );
    assert!(
        !request.contains("Value"),
        "a value would have to match: {request}"
    );
}

#[tokio::test]
async fn another_error_stops_tagging() {
    let server = Server::start(|_, _, _| error(403, "UnauthorizedOperation", "no")).await;
    let all: Vec<String> = (0..450).map(|n| format!("tms-{n}")).collect();
    let error = server
        .account()
        .await
        .create_tags(&all, &tags(&[("a", "b")]))
        .await
        .unwrap_err();
    assert_eq!(error.title(), "No permission for ec2:CreateTags");
    assert_eq!(server.requests("CreateTags").len(), 1);
}
