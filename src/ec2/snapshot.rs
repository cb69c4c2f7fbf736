//! What was read of the account, so that all that ask for the same thing share one answer.
//!
//! While Terraform plans, every resource and data source asks at about the same time, and whoever asks second waits for the
//! first one's call or takes its answer. While something is being applied, by any provider, what was read before may be wrong:
//! so unless the walk is known to plan, a reader gets only answers whose calls began after the reader arrived.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use super::balancers::{Balancer, Registered, TargetGroup};
use super::listeners::ElbListener;
use super::network_interfaces::Addressed;
use super::session_list::Listing;
use super::{Account, Ec2Error};
use crate::planner::{Filter, IngressRule, Interface, MirrorFilter, MirrorSession, MirrorTarget};

/// The answers, and when they were asked for. A snapshot is of one configured provider block, hence of one walk.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// Counts arrivals of readers and beginnings of calls.
    moments: AtomicU64,
    planning: AtomicBool,
    applying: AtomicBool,
    pub(super) instances: Memo<Vec<Filter>, Vec<Interface>>,
    pub(super) instances_by_id: Memo<Vec<String>, Vec<Interface>>,
    pub(super) first_instances: Memo<Vec<Filter>, Vec<Interface>>,
    pub(super) network_interfaces: Memo<Vec<Filter>, Vec<Interface>>,
    pub(super) network_interfaces_by_id: Memo<Vec<String>, Vec<Interface>>,
    pub(super) addresses: Memo<Vec<Filter>, Vec<Addressed>>,
    pub(super) sessions: Memo<(), Listing>,
    pub(super) sessions_on_targets: Memo<Vec<Filter>, Vec<MirrorSession>>,
    pub(super) targets: Memo<(), Vec<MirrorTarget>>,
    pub(super) balancers: Memo<Vec<String>, Vec<Balancer>>,
    pub(super) cross_zone: Memo<String, bool>,
    pub(super) target_groups: Memo<Option<String>, Vec<TargetGroup>>,
    pub(super) registered: Memo<String, Vec<Registered>>,
    pub(super) listeners: Memo<String, Vec<ElbListener>>,
    pub(super) group_cross_zone: Memo<String, Option<bool>>,
    pub(super) filters: Memo<(), Vec<MirrorFilter>>,
    pub(super) endpoint_subnets: Memo<Vec<String>, HashMap<String, Vec<String>>>,
    pub(super) ingress_rules: Memo<Vec<String>, HashMap<String, Vec<IngressRule>>>,
    pub(super) subnet_zones: Memo<Vec<String>, HashMap<String, String>>,
}

impl Snapshot {
    /// A moment later than all before.
    pub(super) fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::SeqCst)
    }

    /// This walk is known to plan.
    pub(super) fn begin_plan(&self) {
        self.planning.store(true, Ordering::SeqCst);
    }

    fn is_shared(&self) -> bool {
        self.planning.load(Ordering::SeqCst) && !self.applying.load(Ordering::SeqCst)
    }

    /// Something is about to be changed, whatever was known before.
    pub(super) fn begin_apply(&self) {
        self.applying.store(true, Ordering::SeqCst);
    }
}

/// Answers to one kind of question.
pub(super) struct Memo<K, V> {
    entries: Mutex<HashMap<(String, K), Entry<V>>>,
}

struct Entry<V> {
    begun: u64,
    answer: Shared<BoxFuture<'static, Result<Arc<V>, Ec2Error>>>,
}

impl<V> Entry<V> {
    /// Whether a reader may take this answer.
    fn is_usable(&self, account: &Account) -> bool {
        account.snapshot().is_shared() || self.begun > account.arrived()
    }
}

impl<K, V> Memo<K, V>
where
    K: Clone + Eq + Hash,
    V: Send + Sync + 'static,
{
    /// The answer to `key` in the account's region: one that is there or on its way, or what `ask` finds. A failure is
    /// not kept.
    pub(super) async fn get<F>(
        &self,
        account: &Account,
        key: K,
        ask: impl FnOnce(Account, K) -> F,
    ) -> Result<Arc<V>, Ec2Error>
    where
        F: Future<Output = Result<V, Ec2Error>> + Send + 'static,
    {
        let place = (account.region().to_owned(), key.clone());
        let (begun, answer) = {
            let mut entries = self.entries();
            match entries.get(&place).filter(|entry| entry.is_usable(account)) {
                Some(entry) => (entry.begun, entry.answer.clone()),
                None => {
                    let begun = account.snapshot().moment();
                    let answer = ask(account.clone(), key).map(|found| found.map(Arc::new));
                    let answer = answer.boxed().shared();
                    let entry = Entry {
                        begun,
                        answer: answer.clone(),
                    };
                    entries.insert(place.clone(), entry);
                    (begun, answer)
                }
            }
        };
        let found = answer.await;
        if found.is_err() {
            let mut entries = self.entries();
            if entries.get(&place).is_some_and(|entry| entry.begun == begun) {
                entries.remove(&place);
            }
        }
        found
    }

    /// The answer to `key` if it is there or on its way.
    pub(super) async fn known(&self, account: &Account, key: &K) -> Option<Arc<V>> {
        let place = (account.region().to_owned(), key.clone());
        let answer = {
            let entries = self.entries();
            let entry = entries.get(&place).filter(|entry| entry.is_usable(account))?;
            entry.answer.clone()
        };
        answer.await.ok()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<(String, K), Entry<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
        }
    }
}

impl<K, V> fmt::Debug for Memo<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}
