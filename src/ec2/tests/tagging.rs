//! CreateTags and DeleteTags in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::server::{Server, error, ids, response, tags};
use crate::planner::Tags;

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
        .filter(|part| part.starts_with("ResourceId."))
        .map(|part| part.split_once('=').unwrap().1)
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
    let none = Tags::new();
    account.change_tags(&ids(&["tms-1"]), &none, &[]).await;
    account.change_tags(&[], &none, &ids(&["a"])).await;
    account.create_tags(&ids(&["tms-1"]), &none).await.unwrap();
    assert!(server.requests("DeleteTags").is_empty() && server.requests("CreateTags").is_empty());
    let tagged = account
        .change_tags(&ids(&["tms-1"]), &none, &ids(&["a", "b"]))
        .await;
    assert!(tagged.whole().unwrap().is_empty());
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

fn many() -> Vec<String> {
    (0..450).map(|n| format!("tms-{n}")).collect()
}

#[tokio::test]
async fn one_that_is_refused_stops_no_other() {
    for (status, code) in [
        (400, "TagLimitExceeded"),
        (403, "UnauthorizedOperation"),
        (400, "InvalidParameterValue"),
    ] {
        let server = Server::start(move |action, body, _| match body.contains("=tms-0&") {
            true => error(status, code, "not this one"),
            false => response(action, "<return>true</return>"),
        })
        .await;
        let account = server.account().await;
        let tagged = account.change_tags(&many(), &tags(&[("a", "b")]), &[]).await;
        let refused: Vec<(&str, &str)> = tagged
            .refused
            .iter()
            .map(|(id, error)| (id.as_str(), error.code()))
            .collect();
        assert_eq!(refused, [("tms-0", code)]);
        assert!(tagged.gone.is_empty());
        assert!(server.requests("CreateTags").len() < 20);
    }
}

#[tokio::test]
async fn what_is_refused_to_all_costs_few_calls() {
    let server = Server::start(|_, _, _| error(403, "UnauthorizedOperation", "no")).await;
    let account = server.account().await;
    let tagged = account.change_tags(&many(), &tags(&[("a", "b")]), &[]).await;
    let refused: Vec<&String> = tagged.refused.iter().map(|(id, _)| id).collect();
    assert_eq!(refused, many().iter().collect::<Vec<_>>());
    let calls = server.requests("CreateTags").len();
    assert!(calls < 30, "{calls} calls");
    let error = tagged.whole().unwrap_err();
    assert_eq!(error.title(), "No permission for ec2:CreateTags");
}

#[tokio::test]
async fn no_further_call_is_made_with_credentials_that_aws_does_not_accept() {
    let server = Server::start(|_, _, _| error(400, "ExpiredToken", "expired")).await;
    let account = server.account().await;
    let tagged = account.change_tags(&many(), &tags(&[("a", "b")]), &[]).await;
    assert_eq!(tagged.refused.len(), 450);
    assert_eq!(server.requests("CreateTags").len(), 1);
}

#[tokio::test]
async fn old_tags_go_first_where_new_ones_find_no_room() {
    let removed = Arc::new(AtomicBool::new(false));
    let server = Server::start(move |action, _, _| {
        if action == "DeleteTags" {
            removed.store(true, Ordering::SeqCst);
        } else if !removed.load(Ordering::SeqCst) {
            return error(400, "TagLimitExceeded", "more than 50");
        }
        response(action, "<return>true</return>")
    })
    .await;
    let account = server.account().await;
    let tagged = account
        .change_tags(&ids(&["tms-1", "tms-2"]), &tags(&[("a", "b")]), &ids(&["c"]))
        .await;
    assert!(tagged.whole().unwrap().is_empty());
    assert_eq!(server.requests("CreateTags").len(), 2);
    assert_eq!(server.requests("DeleteTags").len(), 1);
}

/// Those whose id ends in the number of a protected one, of a first batch that has a run of them and of later ones that have one each.
#[tokio::test]
async fn some_that_are_refused_alike_do_not_speak_for_all() {
    let is_protected = |n: usize| (190..200).contains(&n) || n > 200 && n % 200 == 100;
    let server = Server::start(move |action, body, _| {
        let mut named = body
            .split(['&', '='])
            .filter_map(|word| word.strip_prefix("tms-")?.parse().ok());
        match named.any(is_protected) {
            true => error(403, "UnauthorizedOperation", "not this one"),
            false => response(action, "<return>true</return>"),
        }
    })
    .await;
    let account = server.account().await;
    let all: Vec<String> = (0..1000).map(|n| format!("tms-{n}")).collect();
    let tagged = account.change_tags(&all, &tags(&[("a", "b")]), &[]).await;
    let refused: Vec<&String> = tagged.refused.iter().map(|(id, _)| id).collect();
    let expected: Vec<&String> = (0..1000).filter(|n| is_protected(*n)).map(|n| &all[n]).collect();
    assert_eq!(refused, expected);
}
