//! Who shares an answer, and who gets one of his own.

use super::server::{Server, error, filter, response};

#[tokio::test]
async fn everybody_who_plans_shares_one_answer() {
    let server = Server::start(|action, _, _| response(action, "")).await;
    let account = server.account().await;
    account.begin_plan();
    let filters = [filter("tag:Mirror", &["True"])];
    let (one, other) = (account.reader(), account.reader());
    let (first, second) = tokio::join!(one.instances(&filters), other.instances(&filters));
    assert!(first.is_ok() && second.is_ok());
    account.reader().instances(&filters).await.unwrap();
    assert_eq!(server.requests("DescribeInstances").len(), 1);
    account.reader().instances(&[]).await.unwrap();
    account.in_region("us-east-1").instances(&filters).await.unwrap();
    assert_eq!(
        server.requests("DescribeInstances").len(),
        3,
        "other filters and another region are other questions"
    );
}

#[tokio::test]
async fn after_an_apply_began_nobody_gets_an_older_answer() {
    let server = Server::start(|action, _, _| response(action, "")).await;
    let account = server.account().await;
    account.begin_plan();
    let early = account.reader();
    early.instances(&[]).await.unwrap();
    account.begin_apply();
    let late = account.reader();
    late.instances(&[]).await.unwrap();
    assert_eq!(server.requests("DescribeInstances").len(), 2);
    early.instances(&[]).await.unwrap();
    late.instances(&[]).await.unwrap();
    assert_eq!(
        server.requests("DescribeInstances").len(),
        2,
        "what began after a reader arrived is good for it, also for one that arrived before"
    );
    account.reader().instances(&[]).await.unwrap();
    assert_eq!(server.requests("DescribeInstances").len(), 3);
    account.begin_plan();
    account.reader().instances(&[]).await.unwrap();
    assert_eq!(
        server.requests("DescribeInstances").len(),
        4,
        "an apply is not taken back"
    );
}

#[tokio::test]
async fn in_a_walk_that_may_apply_nobody_gets_an_older_answer() {
    let server = Server::start(|action, _, _| response(action, "")).await;
    let account = server.account().await;
    account.reader().instances(&[]).await.unwrap();
    account.reader().instances(&[]).await.unwrap();
    assert_eq!(server.requests("DescribeInstances").len(), 2);
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let server = Server::start(|action, _, count| match count {
        1 => error(403, "UnauthorizedOperation", "no"),
        _ => response(action, ""),
    })
    .await;
    let account = server.account().await;
    assert!(account.instances(&[]).await.is_err());
    assert!(account.instances(&[]).await.is_ok());
}
