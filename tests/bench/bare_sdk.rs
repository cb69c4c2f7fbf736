//! The bare AWS SDK doing what the provider does, for `make bench` to compare: no retries of ours, no pacing, nothing kept.
//!
//! `page TAG=VALUE` pages what a plan needs; `describe` looks at each session alone, ten at a time, as sessions listed one by one
//! are refreshed; `create MODE TARGET FILTER` creates a session on each interface of standard input, ten at a time, with the retries of
//! MODE (standard, adaptive). Each prints its calls of EC2. Region, credentials and endpoint come from the environment.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::Filter;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use futures::{StreamExt, TryStreamExt};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const AT_ONCE: usize = 10;
const PAGE: i32 = 1000;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let calls = match arguments.as_slice() {
        ["page", tag] => page(&client(RetryConfig::standard()).await, tag).await?,
        ["describe"] => describe(&client(RetryConfig::standard()).await).await?,
        ["create", "standard", target, filter] => {
            create(&client(RetryConfig::standard()).await, target, filter).await?
        }
        ["create", "adaptive", target, filter] => {
            create(&client(RetryConfig::adaptive()).await, target, filter).await?
        }
        _ => return Err("page TAG=VALUE | describe | create MODE TARGET FILTER".into()),
    };
    println!("{calls}");
    Ok(())
}

/// As many attempts as the AWS provider makes, and a quota of retries that does not run dry.
async fn client(retries: RetryConfig) -> Client {
    let retries = retries
        .with_max_attempts(25)
        .with_max_backoff(Duration::from_secs(20));
    let shared = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(retries)
        .load()
        .await;
    let partition = RetryPartition::custom("bench").token_bucket(TokenBucket::unlimited());
    let config = aws_sdk_ec2::config::Builder::from(&shared).retry_partition(partition.build());
    Client::from_conf(config.build())
}

async fn page(client: &Client, tag: &str) -> Result<usize> {
    let (key, value) = tag.split_once('=').ok_or("TAG=VALUE")?;
    let filter = |name: &str, values: &[&str]| {
        let values = values.iter().map(ToString::to_string).collect();
        Filter::builder().name(name).set_values(Some(values)).build()
    };
    let instances = async {
        let mut pages = client
            .describe_instances()
            .include_managed_resources(true)
            .filters(filter(&format!("tag:{key}"), &[value]))
            .filters(filter(
                "instance-state-name",
                &["pending", "running", "stopping", "stopped"],
            ))
            .into_paginator()
            .page_size(PAGE)
            .send();
        let mut calls = 0;
        while let Some(page) = pages.next().await {
            page?;
            calls += 1;
        }
        Ok::<usize, Box<dyn Error>>(calls)
    };
    let sessions = async { Ok(session_ids(client).await?.1) };
    let targets = async {
        let mut pages = client
            .describe_traffic_mirror_targets()
            .into_paginator()
            .page_size(PAGE)
            .send();
        let mut calls = 0;
        while let Some(page) = pages.next().await {
            page?;
            calls += 1;
        }
        Ok(calls)
    };
    let (instances, sessions, targets) = tokio::try_join!(instances, sessions, targets)?;
    Ok(instances + sessions + targets)
}

/// The ids of all sessions, and the calls that they took.
async fn session_ids(client: &Client) -> Result<(Vec<String>, usize)> {
    let mut pages = client
        .describe_traffic_mirror_sessions()
        .into_paginator()
        .page_size(PAGE)
        .send();
    let (mut ids, mut calls) = (Vec::new(), 0);
    while let Some(page) = pages.next().await {
        let page = page?;
        let found = page.traffic_mirror_sessions().iter();
        ids.extend(found.filter_map(|session| session.traffic_mirror_session_id().map(str::to_owned)));
        calls += 1;
    }
    Ok((ids, calls))
}

async fn describe(client: &Client) -> Result<usize> {
    let (ids, _) = session_ids(client).await?;
    let calls = AtomicUsize::new(0);
    futures::stream::iter(ids.into_iter().map(Ok::<_, Box<dyn Error>>))
        .try_for_each_concurrent(AT_ONCE, |id| {
            let calls = &calls;
            async move {
                client
                    .describe_traffic_mirror_sessions()
                    .traffic_mirror_session_ids(id)
                    .send()
                    .await?;
                calls.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        })
        .await?;
    Ok(calls.into_inner())
}

async fn create(client: &Client, target: &str, filter: &str) -> Result<usize> {
    let interfaces: Vec<String> = io::stdin().lines().collect::<io::Result<_>>()?;
    let made = futures::stream::iter(interfaces)
        .map(|interface| {
            let request = client
                .create_traffic_mirror_session()
                .network_interface_id(interface)
                .traffic_mirror_target_id(target)
                .traffic_mirror_filter_id(filter)
                .session_number(1);
            async move { request.send().await.map(drop) }
        })
        .buffer_unordered(AT_ONCE)
        .try_fold(0, |made, ()| async move { Ok(made + 1) });
    Ok(made.await?)
}
