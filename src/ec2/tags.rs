//! Tags of resources, in batches.

use aws_sdk_ec2::types::Tag;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Account, Action, Ec2Error, ErrorClass};
use crate::planner::Tags;

/// EC2 takes a thousand resources a call; when one of them is gone, it may refuse the whole call.
const BATCH: usize = 200;

impl Account {
    /// Sets these tags on all these resources and returns the ids that no longer exist. Tags already set stay set when a
    /// later batch fails. No id or no tag: no call.
    pub async fn create_tags(&self, ids: &[String], tags: &Tags) -> Result<Vec<String>, Ec2Error> {
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let tags = to_sdk(tags);
        in_batches(ids, |batch| {
            let tags = tags.clone();
            async move {
                let request = self
                    .client()
                    .create_tags()
                    .set_resources(Some(batch))
                    .set_tags(Some(tags));
                let send = |probe| request.clone().customize().interceptor(probe).send();
                self.paced(Action::CreateTags, send).await.map(drop)
            }
            .boxed()
        })
        .await
    }

    /// Removes the tags with these keys, whatever their values, and returns the ids that no longer exist. No id or no
    /// key: no call.
    pub async fn delete_tags(&self, ids: &[String], keys: &[String]) -> Result<Vec<String>, Ec2Error> {
        // Without a list of tags, DeleteTags removes every tag.
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        // A tag with a key and no value is removed whatever its value; an empty value would be compared.
        let tags: Vec<_> = keys.iter().map(|key| Tag::builder().key(key).build()).collect();
        in_batches(ids, |batch| {
            let tags = tags.clone();
            async move {
                let request = self
                    .client()
                    .delete_tags()
                    .set_resources(Some(batch))
                    .set_tags(Some(tags));
                let send = |probe| request.clone().customize().interceptor(probe).send();
                self.paced(Action::DeleteTags, send).await.map(drop)
            }
            .boxed()
        })
        .await
    }
}

/// Calls for each batch and, when something in it is not found, for each half of it, down to the ids that are gone.
async fn in_batches<'a>(
    ids: &[String],
    // Boxed: the future of an async closure cannot be shown to be Send for every lifetime.
    call: impl Fn(Vec<String>) -> BoxFuture<'a, Result<(), Ec2Error>>,
) -> Result<Vec<String>, Ec2Error> {
    let mut gone = Vec::new();
    // Last in, first out: halves are pushed second half first, so that ids keep their order.
    let mut batches: Vec<&[String]> = ids.chunks(BATCH).rev().collect();
    while let Some(batch) = batches.pop() {
        match call(batch.to_vec()).await {
            Ok(()) => {}
            Err(error) if !matches!(error.class(), ErrorClass::NotFound(_)) => return Err(error),
            Err(_) if batch.len() == 1 => gone.extend_from_slice(batch),
            Err(_) => {
                let (first, second) = batch.split_at(batch.len() / 2);
                batches.push(second);
                batches.push(first);
            }
        }
    }
    Ok(gone)
}

/// Tags as the API wants them.
pub(super) fn to_sdk(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Tags as the API gives them; a tag without a value has an empty one.
pub(super) fn from_sdk(tags: &[Tag]) -> Tags {
    tags.iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect()
}
