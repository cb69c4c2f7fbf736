//! Tags of resources, in batches.

use std::collections::HashSet;

use aws_sdk_ec2::types::Tag;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Account, Action, Ec2Error, ErrorClass, Limit};
use crate::planner::Tags;

/// EC2 takes a thousand resources a call; when one of them is gone, it may refuse the whole call.
const BATCH: usize = 200;
/// So many resources that are refused alike one by one, while none at all is let through, speak for the others: a permission that
/// nobody has costs no call for each resource.
const ENOUGH_REFUSALS: usize = 8;

/// What became of a change of tags.
#[derive(Debug, Default)]
pub struct Tagged {
    /// Ids that no longer exist.
    pub gone: Vec<String>,
    /// Ids whose tags may not be as they should be, and why.
    pub refused: Vec<(String, Ec2Error)>,
}

impl Tagged {
    /// The ids that no longer exist, or the first refusal.
    ///
    /// # Errors
    ///
    /// When one resource was refused.
    pub fn whole(self) -> Result<Vec<String>, Ec2Error> {
        match self.refused.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(self.gone),
        }
    }

    fn refuse(&mut self, ids: &[String], error: &Ec2Error) {
        let ids = ids.iter().cloned();
        self.refused.extend(ids.map(|id| (id, error.clone())));
    }

    fn extend(&mut self, more: Self) {
        self.gone.extend(more.gone);
        self.refused.extend(more.refused);
    }

    /// Those of `ids` that were changed.
    fn changed(&self, ids: &[String]) -> Vec<String> {
        let refused = self.refused.iter().map(|(id, _)| id);
        let others: HashSet<&String> = self.gone.iter().chain(refused).collect();
        ids.iter().filter(|id| !others.contains(id)).cloned().collect()
    }
}

impl Account {
    /// Sets these tags on all these resources and returns the ids that no longer exist. Whatever fails, the tags of the others are
    /// set. No id or no tag: no call.
    ///
    /// # Errors
    ///
    /// When one resource was refused.
    pub async fn create_tags(&self, ids: &[String], tags: &Tags) -> Result<Vec<String>, Ec2Error> {
        self.set_tags(ids, tags, false).await.whole()
    }

    /// Sets these tags and removes those with these keys, whatever their values, of each resource that lets it happen. Where both
    /// the old tags and the new ones are too many, the old ones go first. No id, or nothing to set or to remove: no such call.
    pub async fn change_tags(&self, ids: &[String], set: &Tags, remove: &[String]) -> Tagged {
        let makes_room = !remove.is_empty();
        let mut tagged = self.set_tags(ids, set, makes_room).await;
        let refused = std::mem::take(&mut tagged.refused).into_iter();
        let (full, refused) = refused.partition(|(_, error)| makes_room && is_full(error));
        tagged.refused = refused;
        let removed = self.remove_tags(&tagged.changed(ids), remove).await;
        let full: Vec<String> = full.into_iter().map(|(id, _): (String, _)| id).collect();
        let full = removed.changed(&full);
        tagged.extend(removed);
        tagged.extend(self.set_tags(&full, set, false).await);
        tagged
    }

    /// With `as_a_whole`, a batch in which one resource has too many tags is not halved.
    async fn set_tags(&self, ids: &[String], tags: &Tags, as_a_whole: bool) -> Tagged {
        if tags.is_empty() {
            return Tagged::default();
        }
        let tags = to_sdk(tags);
        in_batches(ids, as_a_whole, |batch| {
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

    async fn remove_tags(&self, ids: &[String], keys: &[String]) -> Tagged {
        // Without a list of tags, DeleteTags removes every tag.
        if keys.is_empty() {
            return Tagged::default();
        }
        // A tag with a key and no value is removed whatever its value; an empty value would be compared.
        let tags: Vec<_> = keys.iter().map(|key| Tag::builder().key(key).build()).collect();
        in_batches(ids, false, |batch| {
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

/// Calls for each batch and, when that may fail because of one resource in it, for each half of it, down to those that are gone or
/// refused.
async fn in_batches<'a>(
    ids: &[String],
    as_a_whole: bool,
    // Boxed: the future of an async closure cannot be shown to be Send for every lifetime.
    call: impl Fn(Vec<String>) -> BoxFuture<'a, Result<(), Ec2Error>>,
) -> Tagged {
    let mut tagged = Tagged::default();
    // The code of the last refusals one by one, and how many there were since the last success.
    let (mut code, mut alike) = (String::new(), 0);
    let mut is_let_through = false;
    let mut batches = ids.chunks(BATCH);
    while let Some(batch) = batches.next() {
        // Last in, first out: halves are pushed second half first, so that ids keep their order.
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            let Err(error) = call(part.to_vec()).await else {
                is_let_through = true;
                alike = 0;
                continue;
            };
            if error.ends_all() {
                for part in std::iter::once(part)
                    .chain(parts.into_iter().rev())
                    .chain(batches)
                {
                    tagged.refuse(part, &error);
                }
                return tagged;
            }
            let is_gone = matches!(error.class(), ErrorClass::NotFound(_));
            let is_hopeless = !is_let_through && alike >= ENOUGH_REFUSALS && code == error.code();
            let is_whole = as_a_whole && is_full(&error) || is_hopeless || !may_be_of_one(&error);
            match part {
                [id] if is_gone => tagged.gone.push(id.clone()),
                [_] => {
                    // How many tags a session has is its own affair.
                    if !is_full(&error) {
                        alike = if code == error.code() { alike + 1 } else { 1 };
                        code = error.code().to_owned();
                    }
                    tagged.refuse(part, &error);
                }
                _ if is_gone || !is_whole => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.push(second);
                    parts.push(first);
                }
                _ => tagged.refuse(part, &error),
            }
        }
    }
    tagged
}

/// Whether a resource would have more tags than EC2 takes.
fn is_full(error: &Ec2Error) -> bool {
    error.class() == ErrorClass::LimitExceeded(Limit::Tags)
}

/// Whether one resource among several may be why EC2 refuses the call.
fn may_be_of_one(error: &Ec2Error) -> bool {
    matches!(
        error.class(),
        ErrorClass::LimitExceeded(_) | ErrorClass::Denied | ErrorClass::Credentials | ErrorClass::Other
    )
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
