//! CreateTags and DeleteTags in batches.

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
